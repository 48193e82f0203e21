"""The Notifications pages: who is told of what, what was sent, and what waits in this browser."""
