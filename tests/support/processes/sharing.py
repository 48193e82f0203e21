"""Workers that share the shards of a stub stream over a real store, with a short lease time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.core.item import DEFAULT_NAMES
from app.runtime.wake import Wake
from app.store.audit.entry import Signer
from app.store.coordination.checkpoints import Checkpoints, Rows
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease, Leases
from app.store.coordination.workers import Broker, Workers
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.table_names import TableNames, table_names
from app.store.dynamodb.tables import StreamOfTable
from tests.support.fakes.stub_streams import StubStreams
from worker.hosts.in_process import Reading, make_coordinator
from worker.sharing.coordinator import Coordinator
from worker.sharing.membership import Member
from worker.stream.shards.polling import Idle
from worker.stream.shards.reader import Work

LEASE_TIME = 0.9  # seconds


class StubDeployment(Deployment):
    """A deployment whose stream is a stub."""

    def stream(self) -> StreamOfTable:
        streams: Any = self.clients.streams
        found: StreamOfTable = streams.find()
        return found


@dataclass
class Shop:
    """A stub stream and real tables that several workers share."""

    clients: Clients
    names: TableNames
    streams: StubStreams
    taken: list[tuple[str, str]] = field(default_factory=list)  # worker, product
    gaps: list[tuple[str, str, str | None]] = field(default_factory=list)

    @property
    def products(self) -> list[str]:
        return [product for _, product in self.taken]

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.clients.tables, self.names.checkpoints, CONSUMER)

    @property
    def leases(self) -> Leases:
        return Leases(self.clients.tables, self.names.checkpoints, CONSUMER)

    @property
    def workers(self) -> Workers:
        return Workers(self.clients.tables, self.names.checkpoints, CONSUMER)

    def rows(self) -> Rows:
        return self.checkpoints.rows()

    def worker(
        self,
        name: str,
        *,
        broker: Broker = "redis",
        folder: str | None = None,
        one_log: bool = False,
    ) -> Coordinator:
        """A worker that records what it takes, as a context manager not entered yet."""

        def make_work(_lease: Lease, _hold: Hold) -> Work:
            def take(records: Sequence[Any]) -> None:
                for record in records:
                    self.taken.append((name, record["dynamodb"]["Keys"]["ProductID"]["S"]))

            return take

        return make_coordinator(
            StubDeployment(
                Clients(self.clients.tables, self.streams),  # type: ignore[arg-type]
                self.names,
                DEFAULT_NAMES,
                Signer("test", b"k" * 32),
            ),
            Reading(Member(name, broker, folder), Wake(), Idle(0.02, 0.05), one_log, LEASE_TIME),
            make_work,
            threading.Event(),
            report_gap=lambda shard, arn, after, _why, _hold: self.gaps.append((shard, arn, after)),
        )

    def owners(self) -> dict[str, str | None]:
        """The lease holder of each shard."""
        return {shard: found.owner for (_, shard), found in self.rows().checkpoints.items()}


@contextmanager
def shop(endpoint: str, prefix: str) -> Iterator[Shop]:
    """Empty tables, and a stream without shards."""
    clients = connect(endpoint)
    names = table_names(f"{prefix}-", None)
    for table, keys in (
        (names.checkpoints, ("Consumer", "Shard")),
        (names.dead_letters, ("ProductID", "SinkKey")),
    ):  # only the tables that are needed, for speed
        clients.tables.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": keys[0], "KeyType": "HASH"},
                {"AttributeName": keys[1], "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    streams = StubStreams(table=names.products)
    streams.new_stream("2026-11-01T09:00:00.000")
    try:
        yield Shop(clients, names, streams)
    finally:
        clients.tables.close()
        clients.streams.close()
