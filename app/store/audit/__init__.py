"""The audit is append-only: one entry per stream record, chained per product and signed."""
