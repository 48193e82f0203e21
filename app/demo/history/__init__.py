"""Simulated history is written to the audit as if a worker had read it from the stream."""
