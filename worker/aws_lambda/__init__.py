"""The worker as two Lambda functions: one for the stream, one on a schedule for the sinks."""
