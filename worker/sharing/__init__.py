"""Workers share the shards of a stream: who is alive, and who reads which shard."""
