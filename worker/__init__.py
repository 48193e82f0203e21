"""The worker reads the stream, writes the audit and the feed, and runs the sinks."""
