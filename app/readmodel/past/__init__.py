"""The products as they were at a time, from the events of the copy."""
