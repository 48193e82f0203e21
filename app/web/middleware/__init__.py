"""Middleware applies to every request before its route: limits, host checks, authentication."""
