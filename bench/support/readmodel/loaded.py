"""A year of history in an engine's tables, and in a copy that the follower's code has written.

A second copy lacks the last events. What following them writes is recorded, for a bare loop.
"""

import pickle
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.core.item import DEFAULT_NAMES
from app.readmodel import database
from app.readmodel.changes import Changes
from app.readmodel.database import Database
from app.readmodel.follower import BATCH
from app.readmodel.opening import FILE, identity_of
from app.readmodel.own_writes import OwnWrites
from app.store.audit.audit_repository import Arrived
from app.store.coordination.reconcile_requests import SHARD
from app.store.deployment import CONSUMER, Deployment
from app.store.feed.cursor import Cursor, before
from app.store.timeline.position import Position
from bench.support.store import STAMPS, Store, store
from tests.support.history.past_writer import SIGNER, PastWriter, in_rows
from tests.support.history.year import DAYS, Year

BEHIND = 5_000  # events that the second copy lacks
ZONE = ZoneInfo(Settings.model_fields["timezone"].default)  # the shop's, as the server's
_WRITES = {"INSERT", "UPDATE", "DELETE"}

Statement = tuple[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded.

    `engine`: the folder with the tables; `whole` and `behind`: folders with a copy each, of the
    tables `identity`. `writes`: the statements that add the last `lacking` events to `behind`, a
    list for each transaction. `after` and `last`: the cursors of the last event that `behind` has,
    and of the last event.
    """

    engine: Path
    whole: Path
    behind: Path
    identity: str
    writes: list[list[Statement]]
    lacking: int
    after: Cursor
    last: Cursor


def deployment_of(made: Store) -> Deployment:
    """The deployment on a store."""
    return Deployment(made.clients, made.names, DEFAULT_NAMES, SIGNER)


def load(folder: Path, events: int, products: int) -> Loaded:
    """Load a year that ends some days ago into `folder`, or return what was loaded there before."""
    done = folder / "loaded.pickle"
    if done.exists():
        found: Loaded = pickle.loads(done.read_bytes())
        return found
    loaded = _load(folder, events, products)
    done.write_bytes(pickle.dumps(loaded))
    return loaded


def _load(folder: Path, events: int, products: int) -> Loaded:
    engine, whole, behind = (folder / name for name in ("engine", "whole", "behind"))
    for each in (engine, whole, behind):
        each.mkdir(parents=True)
    with store(engine) as made:
        names, of_tables = made.names, identity_of(deployment_of(made), ZONE)
        # As after a comparison of the tables, so that a server's first minutes are like any others.
        done = {"Shard": {"S": SHARD}, "Stream": {"S": made.stream_arn}}
        row = {"Consumer": {"S": CONSUMER}, **done}
        made.clients.tables.put_item(TableName=names.checkpoints, Item=row)
    start = datetime.now(UTC) - timedelta(days=DAYS * 1.05)
    year = Year(events, products, start=start.replace(microsecond=0), stamps=STAMPS)
    batches, lacking = in_rows(year, BATCH), events
    with (
        PastWriter(engine / "engine.db", names) as past,
        patch.object(database.sqlite3, "connect", partial(sqlite3.connect, factory=_Recorder)),
    ):
        copy = _Copy(whole, of_tables)
        with copy.database:
            while lacking > min(BEHIND, events // 2):
                batch = next(batches)
                past.write(batch)
                copy.apply(batch)
                lacking -= len(batch)
            after = batch[-1][0]
            copy.end()
        shutil.copyfile(whole / FILE, behind / FILE)
        copy, writes = _Copy(whole, of_tables), []
        with copy.database:
            for batch in batches:
                past.write(batch)
                _Recorder.log = []
                copy.apply(batch)
                writes.append(_Recorder.log)
            _Recorder.log = None
        past.end(year.items.values())
    return Loaded(engine, whole, behind, of_tables, writes, lacking, after, batch[-1][0])


class _Copy:
    def __init__(self, folder: Path, of_tables: str) -> None:
        self.database = Database(folder / FILE, of_tables)
        names = DEFAULT_NAMES
        self._changes = Changes(self.database, names, OwnWrites(names), lambda _: {}, ZONE)
        self._position = self._changes.position() or Position(before(0))

    def apply(self, batch: Sequence[Arrived]) -> None:
        self._position.settled = batch[-1][0].at(0)
        self._changes.apply(batch, self._position)

    def end(self) -> None:
        """Note that nothing is left to fill, and sum the last days up to today."""
        self._changes.begin_day(datetime.now(UTC))
        with self.database.writing() as connection:
            for name in ("fill", "event fill"):
                database.save(connection, name, "done")


class _Recorder(sqlite3.Connection):
    """Records what is written while there is a log."""

    log: list[Statement] | None = None

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        if self.log is not None and statement.split(None, 1)[0] in _WRITES:
            self.log.append((statement, values))
        return super().execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        rows = list(rows)
        if self.log is not None:
            self.log.extend((statement, row) for row in rows)
        return super().executemany(statement, rows)
