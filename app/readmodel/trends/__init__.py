"""Trends: sums that are kept as events come and go, so that no answer reads the events."""
