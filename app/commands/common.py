"""What commands share: who runs them, their error, times, tables, and their progress."""

import argparse
import getpass
import logging
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from app.core.roles import CLI
from app.observability.logs import escaped

_log = logging.getLogger(__name__)

NO_AUDIT = (
    ", so nothing was audited. Start a server with `stockpulse serve`, or check "
    "STOCKPULSE_DYNAMODB and STOCKPULSE_TABLE_PREFIX"
)

WHEN = (
    "WHEN is a time before now (90s, 15m, 2h, 7d, 2w), a date (2026-11-28), or a date and time "
    "(2026-11-28T09:30, or with an offset 2026-11-28T09:30+01:00). Without an offset, it is in the "
    "zone STOCKPULSE_TIMEZONE."
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FIRST, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

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


def period_of(
    arguments: argparse.Namespace, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """The times of `--since` and `--until`; None where one is not given.

    Raises:
        CommandError: one is no time, or they are in the wrong order.

    """
    times: list[datetime | None] = []
    for name in ("since", "until"):
        text = getattr(arguments, name)
        try:
            times.append(None if text is None else moment_of(text, now, zone))
        except ValueError as error:
            raise CommandError(f"--{name} {error}") from None
    since, until = times
    if since is not None and until is not None and since > until:
        raise CommandError("--since is later than --until")
    return since, until


def moment_of(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The time that an option says: a time before `now` such as `2h`, or a date and time.

    A time without an offset is in `zone`; a date is its midnight.

    Raises:
        ValueError: it is neither.

    """
    try:
        if (match := re.fullmatch(r"([0-9]{1,9})([smhdw])", text)) is not None:
            moment = now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        if _FIRST <= moment.astimezone(UTC) < _END:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        "must be a time before now such as 90s, 15m, 2h, 7d or 2w, a date such as 2026-11-28, or a "
        f"time such as 2026-11-28T09:30 (in {zone.key}) or 2026-11-28T09:30+01:00"
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, the first of which is its head; no cell can break its line."""
    cells = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


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
