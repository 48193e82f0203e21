"""Batches are published in the order of their stamps, however long each takes to become durable.

Several shards are read at once. A client that has seen a cursor must have seen all below
it: after a restart the order of `Feed`, the stamps', is all that is left.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Protocol

from app.store.audit.audit_repository import Arrived
from app.store.coordination.leases import Hold
from app.store.feed.cursor import Cursor

_log = logging.getLogger(__name__)

# Seconds that a batch waits for an earlier one: longer than a call to the store can take.
PATIENCE = 30.0

Publish = Callable[[Sequence[Arrived]], None]

# The same for events that were read under a hold.
Tell = Callable[[Sequence[Arrived], Hold], None]


class InTurn(Protocol):
    """The same in its turn; what it was read under makes no difference to a broker at hand."""

    def __call__(self, arrived: Sequence[Arrived], hold: Hold | None = None) -> None:
        """Publish."""


class PublishOrder:
    """Gives out stamps, and holds back what was stamped later until what was earlier is out.

    A stamp belongs to the thread that took it. It is open until it is published or dropped.
    """

    def __init__(self, stamp: Callable[[], Cursor], patience: float = PATIENCE) -> None:
        self._take = stamp
        self._patience = patience
        self._open: dict[Cursor, int] = {}
        self._changed = threading.Condition()

    def stamp(self) -> Cursor:
        """A stamp for the next try to make a batch durable."""
        with self._changed:
            stamp = self._take()
            self._open[stamp] = threading.get_ident()
            return stamp

    def drop(self, keep: Iterable[Cursor] = ()) -> None:
        """Give up this thread's open stamps but those to keep: nothing bears them."""
        kept, own = set(keep), threading.get_ident()
        with self._changed:
            for stamp in [stamp for stamp, owner in self._open.items() if owner == own]:
                if stamp not in kept:
                    del self._open[stamp]
            self._changed.notify_all()

    def in_turn(self, publish: Publish) -> InTurn:
        """`publish` for durable events of the calling thread, each batch in its turn."""
        return partial(self._publish, publish)

    def _publish(
        self,
        publish: Publish,
        arrived: Sequence[Arrived],
        hold: Hold | None = None,  # noqa: ARG002 - as `Tell`
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
            came = self._changed.wait_for(
                lambda: all(stamp <= other for other in self._open), self._patience
            )
            if not came:  # whoever had them is gone: rather out of order than never
                _log.error("gave up waiting for batches stamped before %s", stamp)
                self._open = {other: own for other, own in self._open.items() if other >= stamp}


def _stamp_of(arrived: Arrived) -> Cursor:
    return arrived[0].at(0)
