"""Work is shared by leases and spread evenly; each lease has one owner and one thread."""
