"""HTTP only: a route parses, makes one call, and returns; decisions live elsewhere."""
