"""While the broker does not accept events, the worker waits with that shard.

Clients resume from 10 s before their cursor, so an event must not be published with an older stamp.
If the broker has not accepted a batch after `PUBLISH_LIFE`, the batch gets a new feed row first. If
the broker accepted it too late, it is published again with a new stamp
(docs/adr/0006-several-writers.md).
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from app.core.errors import ServiceUnavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived
from app.store.coordination.hold import Hold, Unleased
from worker.effects.publish_order import Publish, PublishOrder

# Seconds. The audit writer passes on stamps that are up to 5 s old (STAMP_LIFE), and the writers'
# clocks differ by up to 3 s. 5 s + 2 s + 3 s = 10 s, from which clients resume (OVERLAP_MS).
PUBLISH_LIFE = 2.0


class BrokerPublisher:
    """Publishes durable events in the order of their stamps, with retries."""

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
        """Publish events that have just become durable.

        Raises:
            Stopped: the worker is stopping; the events will be read again.
            LeaseLost: the shard belongs to another worker, which publishes the events.

        """
        stamped = self._monotonic()
        in_turn = self._order.in_turn(partial(self._publish_retrying, stamped, hold or Unleased()))
        in_turn(arrived)

    def _publish_retrying(self, stamped: float, hold: Hold, arrived: Sequence[Arrived]) -> None:
        def attempt() -> None:
            nonlocal stamped, arrived
            if self._monotonic() - stamped > PUBLISH_LIFE:
                hold.check()
                restamped_at = self._monotonic()
                arrived = self._restamp([event for _, event in arrived])
                stamped = restamped_at
            self._publish(arrived)
            late = self._monotonic() - stamped
            if late > PUBLISH_LIFE:
                raise ServiceUnavailable(
                    f"The broker took {late:.0f} s to accept events. They are published again."
                )

        self._retry(attempt, "broker")
