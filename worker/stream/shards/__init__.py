"""A shard is read once, in order, after its parent, from its checkpoint."""
