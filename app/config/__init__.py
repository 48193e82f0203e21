"""Settings come from the environment and are checked once; an invalid one stops startup."""
