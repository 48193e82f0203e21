"""Sums over the events of the copy, kept as events come and go, so that a figure never counts."""
