"""The table is the source of truth: where the audit differs from it, an entry is appended."""
