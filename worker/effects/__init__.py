"""A batch is written to the audit and the feed first, then published to the broker."""
