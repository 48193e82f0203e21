"""A batch becomes durable, then published; what cannot be decoded becomes a dead letter."""
