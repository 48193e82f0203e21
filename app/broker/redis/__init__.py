"""One capped Redis Stream carries what is durable from the workers to every web process."""
