"""Work is shared by leases, spread evenly; each lease has one owner and one thread."""
