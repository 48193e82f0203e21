"""A file is named by its first arrival, in the folder of its day and hour (UTC). No I/O."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor, parse_cursor
from worker.consumers.files.windows import window_start

Format = Literal["parquet", "ndjson"]
SUFFIXES: dict[Format, str] = {"parquet": ".parquet", "ndjson": ".ndjson.gz"}

_FOLDER = "day={:%Y-%m-%d}/hour={:%H}"
_CURSOR = re.compile(r"[0-9]{13}-[0-9a-f]{8}-[0-9]{3}")


def folder_of(ms: int) -> str:
    """The folder of the files with events that arrived at this time."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return _FOLDER.format(moment, moment)


def name_of(first: Cursor, form: Format) -> str:
    """The name, with its folder, of the file whose first arrival is this."""
    return f"{folder_of(first.ms)}/{first}{SUFFIXES[form]}"


def redriven_name(events: Iterable[ChangeEvent], form: Format) -> str:
    """The name of a file with events that are delivered once more, after they had failed.

    The same events give the same name, so a repeat writes no second file.
    """
    some = list(events)
    moment = some[0].occurred_at.astimezone(UTC)
    ids = "\n".join(sorted(one.id for one in some))
    digest = hashlib.sha256(ids.encode()).hexdigest()[:32]
    return f"{_FOLDER.format(moment, moment)}/redriven-{digest}{SUFFIXES[form]}"


def format_of(name: str) -> Format | None:
    """The format of a file; None if it is no file of an archive."""
    return next((form for form, suffix in SUFFIXES.items() if name.endswith(suffix)), None)


def first_in(name: str) -> Cursor | None:
    """The cursor that a file is named by; None for another file."""
    match = _CURSOR.match(name.rpartition("/")[2])
    return None if match is None or format_of(name) is None else parse_cursor(match[0])


def may_cover(names: Iterable[str], cursor: Cursor) -> str | None:
    """The file that has this arrival if any has: the last one that begins at or before it.

    Files of earlier five minutes do not count.
    """
    start = window_start(cursor.ms)
    best: tuple[Cursor, str] | None = None
    for name in names:
        first = first_in(name)
        if first is not None and start <= first.ms and first <= cursor:
            best = max(best or (first, name), (first, name))
    return None if best is None else best[1]
