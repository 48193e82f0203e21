"""Lineage and decoding are pure functions; the reader makes the calls."""
