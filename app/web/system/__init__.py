"""Whether the system works, from its parts and tables, as text for people and as JSON."""
