"""The only place that creates and starts parts: each function is what one command runs."""
