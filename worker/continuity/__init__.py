"""A gap in the stream is recorded as an entry, never skipped silently."""
