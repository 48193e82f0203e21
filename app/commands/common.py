"""The admin trail names the operating-system user who runs a command."""

import getpass


def actor() -> str:
    """The user who runs the command, for the admin trail."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # in a container, the user may have no name
        return "cli:unknown"


class CommandError(Exception):
    """The command cannot run. The message says why, and what to do."""
