"""Many independent writes in one request: each is applied or rejected on its own."""
