"""One capped Redis Stream carries durable events from the workers to every web process."""
