"""The hosts wire readers, pipeline, consumers and reconciler together."""
