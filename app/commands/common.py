"""What commands share: who runs them, their error, and their progress lines."""

import getpass
import time
from collections.abc import Callable
from typing import ParamSpec

from app.core.roles import CLI

P = ParamSpec("P")

PROGRESS_SECONDS = 2.0  # between lines of progress


def actor() -> str:
    """The user who runs the command, for the admin trail."""
    try:
        return f"{CLI}{getpass.getuser()}"
    except (KeyError, OSError):  # in a container, the user may have no name
        return f"{CLI}unknown"


class CommandError(Exception):
    """The command cannot run. The message says why, and what to do."""


def at_most_every(
    seconds: float, say: Callable[P, None], monotonic: Callable[[], float] = time.monotonic
) -> Callable[P, None]:
    """Return `say` limited to one call in so many seconds, counted from now; others are dropped."""
    last = monotonic()

    def limited(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal last
        now = monotonic()
        if now - last > seconds:
            last = now
            say(*args, **kwargs)

    return limited
