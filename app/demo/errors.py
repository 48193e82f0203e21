"""What can keep the demo shop from what it was asked for."""


class NoPast(Exception):
    """A past cannot be made here; the message says what to do."""
