"""Requests are parsed strictly: parameters, bodies and idempotency keys."""
