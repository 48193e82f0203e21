"""A made-up shop: a pure sequence of changes, told live or, in an empty store, as its past."""
