"""The only place that creates and starts parts: each function runs what one command needs."""
