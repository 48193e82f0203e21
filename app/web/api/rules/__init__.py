"""The routes of rules: they are made, changed, tried, and their deliveries listed."""
