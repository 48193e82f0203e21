"""`stockpulse export` writes products or events to a file, read from the tables themselves."""
