"""The worker as Lambda functions: one for the stream, one on a schedule for the sinks."""
