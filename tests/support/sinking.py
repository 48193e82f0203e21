"""A worker's inside over real tables, without a reader: records go in, sinks are hand-made."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.events import ChangeEvent
from app.item import DEFAULT_NAMES
from app.settings import Settings
from app.store.admin_log import AdminLog
from app.store.audit import Arrived, AuditRepository
from app.store.audit_entry import Signer
from app.store.client import Clients, connect
from app.store.cursor import CursorClock
from app.store.dead_letters import DeadLetters
from app.store.feed import Feed
from app.store.lanes import Lanes
from app.store.leases import Hold, Lease, Unleased
from app.store.letter_desk import LetterDesk
from app.store.letters import Letter
from app.store.tables import TableNames, ensure_tables, table_names
from tests.support.builders import STREAM_ARN, an_item, as_boto3, modified
from worker.lambda_sinks import LambdaSinks
from worker.optional_sinks import OptionalSinks, Pacing
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.policy import Backoff, RetryPolicy
from worker.sinks.sink import Sink
from worker.wiring import Wiring
from worker.work import ShardWork

QUICK = Pacing(
    hangs_after=0.3,
    in_window=Backoff(0.01, 0.02),
    in_lane=Backoff(0.05, 0.2),
    look=0.05,
    look_while_open=0.05,
    claim_life=0.5,
)


def change(product_id: str, number: int) -> dict[str, Any]:
    """The record of a product's stock becoming `number`."""
    before, after = an_item(product_id, Stock=number - 1), an_item(product_id, Stock=number)
    return as_boto3(modified(before, after, sequence_number=str(10**20 + number)))


@dataclass
class Recorder:
    """A sink that writes down what it accepts; `mood` is asked first and may raise or wait."""

    mood: Callable[[ChangeEvent], None] = lambda _event: None
    got: list[tuple[str, int | None]] = field(default_factory=list)

    def __call__(self, event: ChangeEvent) -> None:
        self.mood(event)
        self.got.append((event.product_id, event.stock_after))

    def of(self, product_id: str) -> list[int | None]:
        return [number for product, number in list(self.got) if product == product_id]


class Deployment:
    """Tables of a test's own, and as many workers over them as it likes."""

    def __init__(self, settings: Settings) -> None:
        self.clients: Clients = connect(settings.dynamodb)
        self.tables: TableNames = table_names(settings.table_prefix, None)
        ensure_tables(self.clients.tables, self.tables, DEFAULT_NAMES)
        self.published: list[str] = []
        feed = Feed(self.clients.tables, self.tables.feed)
        self.audit = AuditRepository(
            self.clients.tables,
            self.tables.audit,
            feed,
            Signer("test", b"k" * 32),
            CursorClock(0).stamp,
        )
        self.letters = DeadLetters(self.clients.tables, self.tables.dead_letters, first_try=50)
        self.lanes = Lanes(self.clients.tables, self.tables.dead_letters)
        self.log = AdminLog(self.clients.tables, self.tables.settings)
        self.desk = LetterDesk(self.clients.tables, self.tables.dead_letters, self.log)

    def close(self) -> None:
        self.clients.tables.close()
        self.clients.streams.close()

    def publish(self, arrived: Sequence[Arrived], _hold: Hold | None = None) -> None:
        self.published += [event.id for _, event in arrived]

    @contextmanager
    def worker(
        self,
        *sinks: Sink,
        pacing: Pacing = QUICK,
        retries: int = 1,
        age: int = -1,
        hold: Hold | None = None,
    ) -> Iterator[ShardWork]:
        """A worker's optional sinks and the work of its one shard."""
        stop = threading.Event()
        retry = Retry(stop)
        audit_sink = AuditSink(self.audit, retry)
        pipeline = Pipeline(audit_sink, self.publish, self.letters, retry, DEFAULT_NAMES)
        optional = OptionalSinks(
            sinks,
            Wiring(
                audit=self.audit,
                audit_sink=audit_sink,
                publish=self.publish,
                pipeline=pipeline,
                letters=self.letters,
                lanes=self.lanes,
                names=DEFAULT_NAMES,
                retry=retry,
                stop=stop,
            ),
            policy=RetryPolicy(retries, age),
            pacing=pacing,
        )
        with optional:
            lease = Lease("stockpulse", STREAM_ARN, "shardId-1", "test", 1)
            yield optional.make_work(lease, hold or Unleased())

    def function(self, *sinks: Sink) -> LambdaSinks:
        """The same in a Lambda function."""
        stop = threading.Event()
        retry = Retry(stop)
        audit_sink = AuditSink(self.audit, retry)
        return LambdaSinks(
            sinks,
            Wiring(
                audit=self.audit,
                audit_sink=audit_sink,
                publish=self.publish,
                pipeline=Pipeline(audit_sink, self.publish, self.letters, retry, DEFAULT_NAMES),
                letters=self.letters,
                lanes=self.lanes,
                names=DEFAULT_NAMES,
                retry=retry,
                stop=stop,
            ),
            seconds=0.3,
            backoff=QUICK.in_lane,
        )

    def parked(self, sink: str | None = None) -> list[Letter]:
        return list(self.desk.all(sink))

    def rows(self) -> list[Any]:
        found: list[Any] = self.clients.tables.scan(
            TableName=self.tables.dead_letters, ConsistentRead=True
        )["Items"]
        return found
