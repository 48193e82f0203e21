"""What a request says is read strictly: parameters, bodies, idempotency keys."""
