"""A broker elsewhere pushes back on the reader, and what it could not take in time arrives anew.

Clients resume from 10 s before their cursor, so nothing may go out with an old stamp: what is
not taken soon gets a fresh feed row first (DESIGN §5.2), and what was taken late goes out
again with one (ADR 0006).
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from app.core.errors import Unavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived
from app.store.coordination.leases import Hold, Unleased
from worker.effects.publish_order import Publish, PublishOrder

# Seconds. The audit sink hands on stamps of up to 5 s; the writers' clocks are within 3 s.
PUBLISH_LIFE = 2.0


class BrokerPublisher:
    """Publishes durable events in the order of their stamps, however long that takes."""

    def __init__(
        self,
        publish: Publish,
        order: PublishOrder,
        restamp: Callable[[Sequence[ChangeEvent]], list[Arrived]],
        retry: Retry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publish = publish
        self._order = order
        self._restamp = restamp
        self._retry = retry
        self._monotonic = monotonic

    def accept(self, arrived: Sequence[Arrived], hold: Hold | None = None) -> None:
        """Hand on what has just become durable.

        Raises:
            Stopped: the worker is ending; the events will be read again.
            LeaseLost: they are another worker's to publish now.

        """
        stamped = self._monotonic()
        in_turn = self._order.in_turn(partial(self._until_taken, stamped, hold or Unleased()))
        in_turn(arrived)

    def _until_taken(self, stamped: float, hold: Hold, arrived: Sequence[Arrived]) -> None:
        def attempt() -> None:
            nonlocal stamped, arrived
            if self._monotonic() - stamped > PUBLISH_LIFE:
                hold.check()
                again = self._monotonic()
                arrived = self._restamp([event for _, event in arrived])
                stamped = again
            self._publish(arrived)
            late = self._monotonic() - stamped
            if late > PUBLISH_LIFE:
                raise Unavailable(f"The broker took {late:.0f} s, so the events go out again.")

        self._retry(attempt, "broker")
