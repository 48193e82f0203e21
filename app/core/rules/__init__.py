"""What a rule is, in words that the store, the worker and the web share. Pure."""
