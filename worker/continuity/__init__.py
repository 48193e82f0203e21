"""Missing records are recorded as a gap entry, never skipped silently."""
