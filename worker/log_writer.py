"""One process writes audit and feed through one clock, and publishes in the order of its stamps."""

from app.store.audit import AuditRepository
from app.store.clock import SharedClock
from app.store.cursor import CursorClock
from app.store.deployment import Deployment
from app.store.feed import Feed
from worker.order import ArrivalOrder


class LogWriter:
    """The audit and the feed as this process writes them.

    `shared` is the clock where other processes write too; None where this one is alone.
    """

    def __init__(
        self, deployment: Deployment, feed: Feed, clock: CursorClock | SharedClock
    ) -> None:
        self.feed = feed
        self.shared = clock if isinstance(clock, SharedClock) else None
        self.order = ArrivalOrder(clock.stamp)
        self.audit = AuditRepository(
            deployment.clients.tables,
            deployment.tables.audit,
            feed,
            deployment.signer,
            self.order.stamp,
        )
