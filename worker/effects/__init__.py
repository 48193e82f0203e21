"""The effects of a batch, in order: audit and feed, then the broker."""
