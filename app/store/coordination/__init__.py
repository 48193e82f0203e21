"""Who reads what, and how far: rows whose writes are conditional on what was read before."""
