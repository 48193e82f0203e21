"""Whoever runs a command is named in the administrators' log."""

import getpass


def actor() -> str:
    """Who runs the command, for the admin trail."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user without a name
        return "cli:unknown"


class CommandError(Exception):
    """The message names what is in the way and what to do."""
