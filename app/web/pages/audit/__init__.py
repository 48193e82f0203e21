"""The Audit pages: a search and a chosen event have an address each, and need no JavaScript."""
