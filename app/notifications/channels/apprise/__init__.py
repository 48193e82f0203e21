"""Apprise speaks to chat services, in processes of its own: guarded, and ended at a deadline."""
