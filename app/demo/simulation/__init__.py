"""A made-up shop decides what happens next from a seed and a clock; it writes nothing."""
