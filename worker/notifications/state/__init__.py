"""The subscriptions in memory: who wants a notice, what waits, and when it is sent."""
