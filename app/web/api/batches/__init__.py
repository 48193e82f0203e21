"""Batches: many independent writes in one request, each with a result of its own."""
