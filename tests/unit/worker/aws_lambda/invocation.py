"""An invocation of the scheduled function over fake tables, with a test clock."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.sinks.sink_cursors import SinkCursors
from tests.support.fakes.fake_tables import FakeTables
from tests.support.fakes.fake_wire import Paginator
from worker.aws_lambda.scheduled_tasks import run_until
from worker.consumers.sink_sharing import Job, SinkSharing

NOW = 1_795_000_000  # start of the invocation, in seconds since 1970
SECONDS = 50  # its duration


class Work:
    """A consumer that records the rows it is given and runs until `leave` is called."""

    trouble = ""

    def __init__(self) -> None:
        self.noticed: list[SinkRow] = []
        self.ended = False
        self._leaving = threading.Event()

    def run(self) -> None:
        assert self._leaving.wait(20), "`leave` was never called"
        self.ended = True

    def leave(self) -> None:
        self._leaving.set()

    def notice(self, row: SinkRow) -> None:
        self.noticed.append(row)

    def hint(self) -> None:
        """Nothing is published here."""


class Tables(FakeTables):
    """Tables with boto3's paginator."""

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(getattr(self, operation))


class Invocation:
    """The sinks' rows, and one invocation with a test clock."""

    def __init__(self, sinks: Iterable[str] = ("archive", "search")) -> None:
        self.tables: Any = Tables({"Checkpoints": ("Consumer", "Shard")})
        self.where = (self.tables, "Checkpoints", "stockpulse")
        self.seconds = 0.0  # since it began
        self._began = time.monotonic()
        self.after: Callable[[], None] = lambda: None  # called after each wait
        self.ended = False
        self.works: list[tuple[str, Work]] = []
        self.rows = SinkCursors(*self.where)
        self.consumers = SinkSharing(
            dict.fromkeys(sinks, self._make_job),
            self.rows,
            Leases(*self.where),
            threading.Event(),
        )

    def _make_job(self, lease: Lease, _row: SinkRow, _hold: Hold) -> Job:
        work = Work()
        self.works.append((lease.shard_id, work))
        return work

    @property
    def ran(self) -> list[str]:
        return [name for name, _ in self.works]

    def own(self, name: str, owner: str, deadline: int | None = None) -> None:
        """Have another owner take a sink."""
        Leases(*self.where).take((SINK, name), owner, self.rows.get(name), deadline=deadline)

    def row(self, name: str) -> SinkRow:
        found = self.rows.get(name)
        assert found is not None
        return found

    def wait(self, seconds: float) -> bool:
        self.seconds += seconds
        self.after()
        return self.ended

    def run(self) -> None:
        run_until(
            self.consumers,
            self.rows,
            "me",
            self._began + SECONDS,
            wait=self.wait,
            monotonic=lambda: self._began + self.seconds,
            now=lambda: NOW + self.seconds,
        )
