"""Rules decide who is told of which change, when and how; the timeline is the queue."""
