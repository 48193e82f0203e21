"""What commands share: who runs them, their error, and how they show progress."""

import getpass
import logging
import shutil
import sys
import time
from collections.abc import Callable
from typing import Self

from app.core.roles import CLI

_log = logging.getLogger(__name__)

NO_AUDIT = (
    ", so nothing was audited. Start a server with `stockpulse serve`, or check "
    "STOCKPULSE_DYNAMODB and STOCKPULSE_TABLE_PREFIX"
)

_ON_TERMINAL, _IN_LOG = 0.5, 10.0  # seconds between two reports of progress
_BAR = 20  # characters


def actor() -> str:
    """The user who runs the command, for the admin trail."""
    try:
        return f"{CLI}{getpass.getuser()}"
    except (KeyError, OSError):  # in a container, the user may have no name
        return f"{CLI}unknown"


class CommandError(Exception):
    """The command cannot run. The message says why, and what to do."""


class Progress:
    """How far a command is: a line on a terminal's stderr, or else a log line every 10 s."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._on_terminal = sys.stderr.isatty()
        self._seconds = _ON_TERMINAL if self._on_terminal else _IN_LOG
        self._due = monotonic() + self._seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __call__(self, text: Callable[[], str], done: float = 0, total: float = 0) -> None:
        """Show the text if it is time, after a bar if the total is known."""
        now = self._monotonic()
        if now < self._due:
            return
        self._due = now + self._seconds
        line = f"{_bar(min(1.0, done / total))} {text()}" if total else text()
        if self._on_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            _log.info("%s", line)


def _bar(part: float) -> str:
    return f"[{'#' * int(part * _BAR):-<{_BAR}}] {part:4.0%}"
