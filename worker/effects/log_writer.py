"""A process writes audit and feed with one clock, and publishes in the order of its stamps."""

from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import Deployment
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import SharedClock
from app.store.timeline.event_cache import EventCache
from app.store.timeline.tail import Tail
from worker.effects.publish_order import PublishOrder


class LogWriter:
    """The audit and the feed, as this process writes them, and the end of the timeline.

    `shared` is the clock that is shared with other writing processes; None if this is the only one.
    """

    def __init__(
        self,
        deployment: Deployment,
        feed: Feed,
        clock: CursorClock | SharedClock,
        *,
        sole_writer: bool = False,
    ) -> None:
        """`sole_writer`: no other process writes to the feed."""
        self.feed = feed
        self.shared = clock if isinstance(clock, SharedClock) else None
        self.order = PublishOrder(clock.stamp)
        self.audit = AuditRepository(
            deployment.clients.tables,
            deployment.tables.audit,
            feed,
            deployment.signer,
            self.order.stamp,
            self.shared,
        )
        self.tail = Tail(feed, self.audit, EventCache(), sole_writer=sole_writer)

    def raise_clock(self, stamps: int = 1) -> None:
        """Make the next stamps greater than all stamps that any process has issued.

        Raises:
            StoreUnavailable: the clock may not have been raised; call again.

        """
        if self.shared is not None:
            self.shared.raise_past_row(stamps)
