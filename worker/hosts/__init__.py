"""A process that hosts the worker wires readers, pipeline, consumers and reconciler once."""
