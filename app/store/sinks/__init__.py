"""The state of each sink: its cursor, its lag, and admin control."""
