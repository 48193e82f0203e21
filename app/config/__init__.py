"""Settings come from the environment and are checked once; a wrong one stops the start."""
