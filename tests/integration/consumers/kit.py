"""A worker with test sinks over real tables; products are written as other programs write them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.bootstrap.worker import reading
from app.config.settings import Settings
from app.core.events import ChangeEvent
from app.runtime.wake import Wake
from app.store.access.admin_log import AdminLog
from app.store.coordination.sink_row import SinkRow
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import SinkControl
from tests.support.waiting import until
from worker.consumers.sink import Rejected, Sink
from worker.sharing.coordinator import Coordinator
from worker.stream.shards.polling import Idle

Deliver = Callable[[Sequence[ChangeEvent]], Sequence[Rejected]]


class Recorder:
    """A sink that records what it accepts, after calling `before` for each event."""

    def __init__(self) -> None:
        self.before_each: Callable[[ChangeEvent], None] = lambda _event: None
        self.got: list[tuple[str, int | None]] = []
        self._lock = threading.Lock()

    def __call__(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        for event in events:
            self.before_each(event)
        with self._lock:
            self.got += [(event.product_id, event.stock_after) for event in events]
        return []

    def of(self, product_id: str) -> list[int | None]:
        """The stocks delivered for one product, in order."""
        return [stock for product, stock in list(self.got) if product == product_id]


class Shop:
    """Tables, and workers on them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names = table_names(settings.table_prefix, None)
        self.client: Any = connect(settings.dynamodb).tables
        ensure_tables(self.client, self.names, settings.attributes)
        self.log = AdminLog(self.client, self.names.settings)
        self._workers: list[Coordinator] = []
        self.control = SinkControl(
            self.client,
            self.names.checkpoints,
            CONSUMER,
            Feed(self.client, self.names.feed),
            self.log,
            self._check_soon,
        )
        self.letters = DeadLetterAdmin(
            self.client, self.names.dead_letters, self.log, self.control, self._check_soon
        )
        self.wake = Wake()

    @contextmanager
    def worker(self, *sinks: Sink, **changes: Any) -> Iterator[Coordinator]:
        """Run a worker; the block starts once it runs these sinks, or another worker does."""
        settings = self.settings.model_copy(update=changes)
        with reading(
            settings, lambda _: None, self.wake, sinks=sinks, idle=Idle(0.02, 0.1), lease_time=3.0
        ) as worker:
            self._workers.append(worker)
            for sink in sinks:
                until(lambda name=sink.name: self.row(name).cursor is not None)
            yield worker
            self._workers.remove(worker)

    def put(self, product_id: str, *stocks: int) -> None:
        """Change a product's stock, once for each number."""
        for stock in stocks:
            item = {"ProductID": {"S": product_id}, "Stock": {"N": str(stock)}}
            self.client.put_item(TableName=self.names.products, Item=item)
        self.wake.hint()

    def row(self, name: str) -> SinkRow:
        """The sink's row; an empty one if there is none yet."""
        return self.control.get(name) or SinkRow(name)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _check_soon(self) -> None:
        for worker in self._workers:
            worker.check_soon()
