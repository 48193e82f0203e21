"""`stockpulse restore` rebuilds the products of a time in another table, and proves that it did."""
