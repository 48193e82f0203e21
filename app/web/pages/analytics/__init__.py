"""The Analytics page: what moved, what did not, and the value of the stock over time."""
