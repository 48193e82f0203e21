"""Rules, what is behind of them, and what was delivered: rows of the settings table."""
