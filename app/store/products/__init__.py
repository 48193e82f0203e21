"""Every write to a product is conditional on what was read, and is applied exactly once."""
