"""botocore's own work in a call is replaced, through its hooks, where that takes less CPU time."""
