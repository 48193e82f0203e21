"""What the Live page shows: its filter, its first rows and its tiles."""
