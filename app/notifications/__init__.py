"""A rule says which changes to send, to whom, when and how; the timeline is the queue."""
