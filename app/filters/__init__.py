"""Which events a receiver wants, in the filter pattern syntax of Lambda's event source mappings."""
