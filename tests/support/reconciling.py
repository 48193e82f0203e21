"""The worker's parts over a deployment's tables, for tests that act in place of the worker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.config.settings import Settings
from app.config.signing import signer_of
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.deployment import Deployment
from app.store.dynamodb.client import Clients
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import ensure_tables, stream_of
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from worker.continuity.gaps import Gaps
from worker.effects.audit_writer import ChainEntries
from worker.reconcile.comparison import Comparison
from worker.stream.decode import stream_label


@dataclass
class Parts:
    """Audit, gaps and comparisons of a deployment; creates missing tables."""

    clients: Clients
    settings: Settings
    publish: Callable[[Any], None] = lambda _: None

    def __post_init__(self) -> None:
        self.names: TableNames = self.settings.table_names
        self.attributes = ensure_tables(self.clients.tables, self.names, self.settings.attributes)
        signer = signer_of(self.settings)
        self.signer = signer
        feed = Feed(self.clients.tables, self.names.feed)
        self.published: list[Arrived] = []
        clock = CursorClock(feed.newest_ms())
        self.audit = AuditRepository(
            self.clients.tables, self.names.audit, feed, signer, clock.stamp
        )
        self.sink = ChainEntries(self.audit, self._publish)
        self.asked: list[str] = []
        self.gaps = Gaps(self.audit, self.sink, self.asked.append)
        self.stop = threading.Event()

    def _publish(self, arrived: Any, hold: Any = None) -> None:
        self.published += arrived
        self.publish(arrived)

    @property
    def stream_arn(self) -> str:
        return stream_of(self.clients.tables, self.names.products).arn

    def comparison(self, **changes: Any) -> Comparison:
        """A comparison, by default by a worker that has caught up, with a settle time of 50 ms."""
        given: dict[str, Any] = {
            "caught_up": lambda: True,
            "settle": 0.05,
            "catch_up_limit": 0.1,
            "label": stream_label(self.stream_arn),
        }
        return Comparison(
            Deployment(self.clients, self.names, self.attributes, self.signer),
            self.audit,
            self.sink,
            stop=self.stop,
            **(given | changes),
        )
