"""One message: what it says now, and how a channel answered."""
