"""The REST API under /v1, and health and metrics: one router per file."""
