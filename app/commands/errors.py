"""A command that cannot do what it was asked says so in one line."""


class CommandError(Exception):
    """The message names what is in the way and what to do."""
