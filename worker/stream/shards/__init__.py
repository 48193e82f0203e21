"""A shard is read in order, after its parent, from its checkpoint."""
