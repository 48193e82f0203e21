"""One and two `stockpulse worker` processes on one stream, and the time that a takeover takes.

The workers publish to Redis. The engines here give a table one shard, so the second worker stands
by: this compares the throughput of one and two workers, and times the second one's takeover.
"""

import base64
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis

from app.broker.redis.connection import keys_of
from app.store.coordination.checkpoints import Checkpoints
from app.store.deployment import CONSUMER
from bench.support.report import median_of
from bench.support.store import Store, item
from tests.support.processes.process import Process
from tests.support.processes.redis_server import PROGRAM, RedisServer
from tests.support.waiting import until

MOST = 8_000  # records: the broker's stream keeps the last 10,000
PATIENCE = 120.0  # seconds


def measure(on: Store, folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Medians over rounds, or why nothing was measured; the stream holds `count` records."""
    if PROGRAM is None:
        return {"error": "no redis-server: run make redis"}
    count = min(count, MOST)
    (folder / "redis").mkdir()
    rows = []
    with RedisServer(folder / "redis") as server, server.client() as client:
        for turn in range(rounds):
            row = {}
            for workers in (1, 2):
                prefix = f"workers{workers}x{turn}-"
                with _Deployment(on, folder / prefix, prefix, server, client, workers) as running:
                    row[f"per_s_{workers}"] = running.pace(count)
                    if workers == 2:
                        row["take_over_s"] = running.take_over()
            rows.append(row | {"ratio": row["per_s_2"] / row["per_s_1"]})
    return {"records": count, "medians": median_of(rows), "rounds": rows}


class _Deployment:
    """A number of workers on separate tables; a context manager."""

    def __init__(
        self,
        on: Store,
        folder: Path,
        prefix: str,
        server: RedisServer,
        client: redis.Redis,
        workers: int,
    ) -> None:
        self._on, self._client = on, client
        self._tables = on.own_tables(prefix)
        self._stream = keys_of(prefix, self._tables.products).stream
        self._workers = []
        for number in range(workers):
            home = folder / str(number)
            home.mkdir(parents=True)
            environment = {
                "STOCKPULSE_DYNAMODB": on.url,
                "STOCKPULSE_TABLE_PREFIX": prefix,
                "STOCKPULSE_PRODUCTS_TABLE": self._tables.products,
                "STOCKPULSE_BROKER_URL": server.url,
                "STOCKPULSE_AUDIT_KEYS": f"bench:{base64.b64encode(b'k' * 32).decode()}",
            }
            self._workers.append(
                Process(home / "data", environment=environment, command="worker", forked=False)
            )
        self._stack = ExitStack()

    def __enter__(self) -> "_Deployment":
        for worker in self._workers:
            worker.start(ready=False)
            self._stack.push(worker)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def pace(self, count: int) -> float:
        """Records per second from the first publication on, without the workers' start-up."""
        until(self._published, PATIENCE)
        began, first = time.perf_counter(), self._published()
        until(lambda: self._published() >= count, PATIENCE)
        return (count - first) / (time.perf_counter() - began)

    def take_over(self) -> float:
        """Seconds from the death of the worker that reads to the next event."""
        holder = until(self._holder, PATIENCE)
        holder.kill()
        before, died = self._published(), time.perf_counter()
        self._on.bare.tables.put_item(TableName=self._tables.products, Item=item(0))
        until(lambda: self._published() > before, PATIENCE)
        return time.perf_counter() - died

    def _published(self) -> int:
        return int(self._client.xlen(self._stream))

    def _holder(self) -> Process | None:
        """The worker that holds the shard: an owner's name ends with its pid and a random word."""
        rows = Checkpoints(self._on.clients.tables, self._tables.checkpoints, CONSUMER).rows()
        owners = [row.owner for row in rows.checkpoints.values() if row.owner is not None]
        pids = {owner.split("-")[-2] for owner in owners}
        return next((worker for worker in self._workers if str(worker.pid) in pids), None)


def lines_of(measured: dict[str, Any]) -> list[str]:
    """The figures as text."""
    if "error" in measured:
        return [f"standalone workers: {measured['error']}"]
    medians = measured["medians"]
    return [
        f"standalone workers with Redis, medians of {len(measured['rounds'])} rounds (one shard)",
        f"one worker   {medians['per_s_1']:>7.0f} records/s",
        f"two workers  {medians['per_s_2']:>7.0f} records/s ({medians['ratio']:.2f} of one)",
        f"next event {medians['take_over_s']:.1f} s after the reading worker was killed",
    ]
