"""Sinks that the trials load in processes of their own.

Their receiver is a database file, which the command line names: that, unlike the environment, a
fork server passes on.
"""

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from app.core.events import ChangeEvent
from worker.consumers.sink import Rejected, Sink, Unavailable


@contextmanager
def _receiver() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(sys.argv[1], timeout=5)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS newest (product PRIMARY KEY, key)")
        database.execute("CREATE TABLE IF NOT EXISTS log (id)")
        yield database
        database.commit()


def guarded(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Keep each product's newest event: nothing can take it back."""
    with _receiver() as database:
        for event in events:
            database.execute(
                "INSERT INTO newest VALUES (?, ?) ON CONFLICT DO UPDATE SET key = excluded.key "
                "WHERE excluded.key > key",
                (event.product_id, event.event_key),
            )
    return []


def last_wins(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Keep each product's last event: a replay takes it back until it is over."""
    with _receiver() as database:
        for event in events:
            row = (event.product_id, event.event_key)
            database.execute("INSERT OR REPLACE INTO newest VALUES (?, ?)", row)
    return []


def appending(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Append each event, a duplicate as well."""
    with _receiver() as database:
        database.executemany("INSERT INTO log VALUES (?)", [(event.id,) for event in events])
    return []


def forgetful(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Remember an event before it is stored: a crash in between loses it."""
    with _receiver() as database:
        known = {name for (name,) in database.execute("SELECT product FROM newest")}
    for event in events:
        if event.id not in known:
            with _receiver() as database:
                row = (event.id, "")
                database.execute("INSERT OR REPLACE INTO newest VALUES (?, ?)", row)
            with _receiver() as database:
                database.execute("INSERT INTO log VALUES (?)", (event.id,))
    return []


def picky(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Reject what has no image, and keep the rest."""
    refused = [event for event in events if event.after is None and event.before is None]
    guarded([event for event in events if event not in refused])
    return [Rejected(event, "it has no image") for event in refused]


def down(events: Sequence[ChangeEvent]) -> list[Rejected]:
    """Be down."""
    raise Unavailable("the receiver is down")


threaded = Sink("threaded", guarded, batch_size=3, parallelization_factor=4, internal=True)


def newest() -> dict[str, str]:
    """Each product's event key."""
    with _receiver() as database:
        return dict(database.execute("SELECT * FROM newest").fetchall())


def log() -> list[str]:
    """The ids of all events."""
    with _receiver() as database:
        return [name for (name,) in database.execute("SELECT id FROM log")]


def number() -> int:
    """Not what the trials understand."""
    return len(log())


def stored(path: Path) -> int:
    """Rows of a receiver, for the tests."""
    with closing(sqlite3.connect(path)) as database:
        (count,) = database.execute("SELECT count(*) FROM newest").fetchone()
        return int(count)
