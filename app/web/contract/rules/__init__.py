"""Examples of the operations on rules."""
