"""A sink reads the timeline from its own durable cursor, so an outage is lag and never a loss."""
