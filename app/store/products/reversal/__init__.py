"""A reversal takes back what one event changed, by a change of its own; later changes remain."""
