"""A simulated shop is a pure sequence of changes, made live or written as history."""
