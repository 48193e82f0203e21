"""Filters select events with the filter pattern syntax of Lambda's event source mappings."""
