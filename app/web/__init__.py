"""HTTP only: a route parses the request, makes one call, and returns the response."""
