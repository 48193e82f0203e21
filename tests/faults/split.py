"""Topology B as processes: an engine, a Redis, a web process with a client, and two workers."""

import base64
import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from app.broker.redis.connection import keys_of
from app.core.errors import StoreUnavailable
from app.store.coordination.checkpoints import Checkpoints, Rows
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from tests.faults.client import Client, Tap
from tests.faults.engines import Engine
from tests.faults.writers import Account, Writers, account
from tests.support.processes.process import Process
from tests.support.processes.redis_server import RedisServer
from tests.support.waiting import until

CHANGES = int(os.environ.get("FAULT_CHANGES", "20000"))
THREADS = 8
PATIENCE = 60.0  # seconds within which a lease is taken over, even on a loaded machine
QUIET = 3.0  # seconds to wait for late repeats after the last event


class SplitDeployment:
    """A running deployment; a context manager."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        *,
        workers: int = 2,
        worker_environment: dict[str, str] | None = None,
    ) -> None:
        self.engine = engine
        self.redis = RedisServer(folder)
        everywhere = {
            "STOCKPULSE_DYNAMODB": engine.url,
            "STOCKPULSE_BROKER_URL": self.redis.url,
            "STOCKPULSE_AUDIT_KEYS": f"k1:{base64.b64encode(b'k' * 32).decode()}",
            "STOCKPULSE_SESSION_KEY": base64.b64encode(b"s" * 32).decode(),
        }
        for name in ("web", *(f"worker-{n}" for n in range(workers))):
            (folder / name).mkdir()
        self.web = Process(folder / "web" / "data", environment=everywhere, forked=False)
        self.workers = [
            Process(
                folder / f"worker-{n}" / "data",
                environment=everywhere | (worker_environment or {}),
                command="worker",
                forked=False,
            )
            for n in range(workers)
        ]
        self._stack = ExitStack()

    def __enter__(self) -> "SplitDeployment":
        with ExitStack() as stack:
            self.redis = stack.enter_context(self.redis)
            self.tap = Tap(self.redis, keys_of("", "Products").stream)
            stack.callback(self.tap.end)
            stack.enter_context(self.web)
            self._tables = connect(self.engine.url).tables
            stack.callback(self._tables.close)
            for worker in self.workers:
                worker.start(ready=False)
                stack.push(worker)
            until(self.holder, PATIENCE)
            # It stays connected, so an event that it receives twice was sent twice.
            self.client = Client(self.web.url, stretch=3600, patience=20)
            until(lambda: self.client.follower.last)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def holder(self) -> Process | None:
        """The worker that holds the shard's lease."""
        rows = self._rows()
        return self._one_of(row.owner for row in (rows.checkpoints.values() if rows else ()))

    def deliverer(self, sink: str = "webhook") -> Process | None:
        """The worker that runs the sink."""
        rows = self._rows()
        found = rows.sinks.get(sink) if rows else None
        return self._one_of([] if found is None else [found.owner])

    def _rows(self) -> Rows | None:
        try:
            return Checkpoints(self._tables, table_names("", None).checkpoints, CONSUMER).rows()
        except StoreUnavailable:
            return None

    def _one_of(self, owners: Iterable[str | None]) -> Process | None:
        # An owner's name ends with its process id and a random word.
        pids = {owner.split("-")[-2] for owner in owners if owner is not None}
        return next((worker for worker in self.workers if str(worker.pid) in pids), None)

    def wait_taken_from(self, worker: Process, by: Callable[[], Process | None]) -> float:
        """Wait until `by` returns another worker; returns the seconds that it took."""
        began = time.monotonic()
        until(lambda: by() not in (None, worker), PATIENCE)
        return time.monotonic() - began

    def write(self, seconds: float) -> Writers:
        """Start writers that take about this long for all changes."""
        writers = Writers(self.engine.url, CHANGES, THREADS, pause=pause(seconds, CHANGES))
        writers.start()
        return writers

    def finish(self, what: str, writers: Writers) -> Account:
        """Wait until all changes are written and received; returns the account, which is exact."""
        writers.join(600)
        self.client.wait_for(CHANGES, 300)
        time.sleep(QUIET)
        found = account(writers, self.client.follower)
        print(f"\n{what}, {self.engine.name}: {found}; published twice {self.tap.twice}")
        assert found.is_exact(CHANGES), self.trouble
        return found

    @property
    def trouble(self) -> str:
        """The last output of every process, for a failing test."""
        return "\n".join(process.output for process in (self.web, *self.workers))


def pause(seconds: float, changes: int) -> float:
    """Seconds between one thread's writes, so that all changes take `seconds`."""
    return seconds * THREADS / changes
