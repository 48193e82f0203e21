"""A sink reads the timeline from its own durable cursor: an outage causes lag, never a loss."""
