"""Batches are published in the order of their stamps, however long each takes to become durable.

Several shards are read at the same time. A client that has seen a cursor must have seen every event
below it, because after a restart the client resumes from the order of `Feed`, which is the order of
the stamps. While the broker does not accept events, the worker waits with that shard.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Protocol

from app.core.errors import ServiceUnavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived
from app.store.coordination.hold import Hold, Unleased
from app.store.feed.cursor import Cursor

_log = logging.getLogger(__name__)

# Seconds that a batch waits for earlier batches: longer than any call to the store can take.
WAIT_LIMIT = 30.0

# Seconds. The audit writer passes on stamps that are up to 5 s old (STAMP_LIFE), and the writers'
# clocks differ by up to 3 s. 5 s + 2 s + 3 s = 10 s, from which clients resume (OVERLAP_MS).
PUBLISH_LIFE = 2.0

Publish = Callable[[Sequence[Arrived]], None]

# Publishes events that were read under a lease.
PublishWithHold = Callable[[Sequence[Arrived], Hold], None]


class InTurn(Protocol):
    """Publishes a batch in its turn. An in-process broker ignores `hold`."""

    def __call__(self, arrived: Sequence[Arrived], hold: Hold | None = None) -> None:
        """Publish a batch once all batches with earlier stamps are published."""


class PublishOrder:
    """Issues stamps, and delays each batch until all batches with earlier stamps are published.

    A stamp belongs to the thread that took it. It is open until it is published or dropped.
    """

    def __init__(self, stamp: Callable[[], Cursor], wait_limit: float = WAIT_LIMIT) -> None:
        self._take = stamp
        self._wait_limit = wait_limit
        self._open: dict[Cursor, int] = {}
        self._changed = threading.Condition()

    def stamp(self) -> Cursor:
        """Issue a stamp for the next attempt to write a batch."""
        with self._changed:
            stamp = self._take()
            self._open[stamp] = threading.get_ident()
            return stamp

    def drop(self, keep: Iterable[Cursor] = ()) -> None:
        """Drop this thread's open stamps, except those in `keep`: no row uses them."""
        kept, own = set(keep), threading.get_ident()
        with self._changed:
            for stamp in [stamp for stamp, owner in self._open.items() if owner == own]:
                if stamp not in kept:
                    del self._open[stamp]
            self._changed.notify_all()

    def in_turn(self, publish: Publish) -> InTurn:
        """Return a function that publishes the calling thread's durable events in turn."""
        return partial(self._publish, publish)

    def _publish(
        self,
        publish: Publish,
        arrived: Sequence[Arrived],
        hold: Hold | None = None,  # noqa: ARG002 - the signature of `PublishWithHold`
    ) -> None:
        batches = [(stamp, list(batch)) for stamp, batch in groupby(arrived, key=_stamp_of)]
        self.drop(keep=[stamp for stamp, _ in batches])
        try:
            for stamp, batch in batches:
                self._wait(stamp)
                publish(batch)
                with self._changed:
                    self._open.pop(stamp, None)
                    self._changed.notify_all()
        finally:
            self.drop()

    def _wait(self, stamp: Cursor) -> None:
        with self._changed:
            is_first = self._changed.wait_for(
                lambda: all(stamp <= other for other in self._open), self._wait_limit
            )
            if not is_first:  # the threads that took them have died: publish out of order
                _log.error("stopped waiting for batches with stamps before %s", stamp)
                self._open = {other: own for other, own in self._open.items() if other >= stamp}


class BrokerPublisher:
    """Publishes durable events to a broker that can fail, in order and with retries.

    Clients resume from 10 s before their cursor, so an event must not be published with an older
    stamp. If the broker has not accepted a batch after `PUBLISH_LIFE`, the batch gets a new feed
    row first. If the broker accepted it too late, it is published again with a new stamp
    (docs/adr/0006-several-writers.md).
    """

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


def _stamp_of(arrived: Arrived) -> Cursor:
    return arrived[0].at(0)
