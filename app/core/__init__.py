"""The types of the domain, without I/O: events, items, roles and errors."""
