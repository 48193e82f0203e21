"""Which worker reads which shard or sink, and how far; writes are conditional on what was read."""
