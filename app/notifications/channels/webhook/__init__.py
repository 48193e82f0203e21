"""One sender posts signed messages to programs, as Standard Webhooks specifies."""
