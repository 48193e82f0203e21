"""The state of each sink: its cursor, its lag, and what administrators do to it."""
