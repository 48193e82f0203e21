"""A channel sends one message to one address, or says why it could not."""
