"""A rejected event is saved as a dead letter before it counts as done; a redrive retries it.

A redrive reads the dead letters in batches, and each letter's event from the audit. An event that
is rejected again keeps its letter, with the new error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.observability.metrics import SINK_REJECTED
from app.runtime.retry import Retry
from app.store.coordination.leases import Hold
from app.store.coordination.sink_row import SinkRow
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from worker.consumers.schedule import Delivery

if TYPE_CHECKING:
    from worker.consumers.delivery_threads import DeliveryThreads

AT_A_TIME = 100  # letters that are redriven at a time


class Rejections:
    """Writes one sink's dead letters under its lease, and retries until they are stored.

    Each method raises LeaseLost if the sink belongs to another worker, and Stopped if this worker
    is stopping.
    """

    def __init__(self, sink: str, letters: DeadLetters, hold: Hold, retry: Retry) -> None:
        self._sink = sink
        self._letters = letters
        self._hold = hold
        self._retry = retry

    def park(self, letters: Sequence[Letter]) -> None:
        """Save dead letters."""
        if letters:
            self._retry(lambda: self._letters.park(letters, self._hold), "dead letters")
            SINK_REJECTED.labels(self._sink).inc(len(letters))

    def park_damaged(self, damaged: Sequence[tuple[Cursor, EventRef, str]]) -> None:
        """Save dead letters for events whose audit entry cannot be read."""
        self.park(
            [
                Letter(sink=self._sink, product_id=product_id, event_key=key, error=error)
                for _, (product_id, key), error in damaged
            ]
        )

    def settle(
        self, deliveries: Sequence[Delivery], errors: Mapping[str, str], attempts: int = 1
    ) -> None:
        """Record the outcome of deliveries; `errors`: why an event was rejected, by event id."""
        rejected: list[Letter] = []
        for one in deliveries:
            error = errors.get(one.event.id)
            if one.letter is not None:
                self._settle_letter(one.letter, error)
            elif error is not None:
                rejected.append(
                    Letter(
                        sink=self._sink,
                        product_id=one.event.product_id,
                        event_key=one.event.event_key,
                        error=error,
                        attempts=attempts,
                    )
                )
        self.park(rejected)

    def _settle_letter(self, letter: Letter, error: str | None) -> None:
        if error is None:
            self._retry(lambda: self._letters.remove(letter), "dead letters")
        else:
            self._retry(lambda: self._letters.failed(letter, error), "dead letters")


class Redriving:
    """The redrives of one sink under one lease."""

    def __init__(
        self,
        letters: DeadLetters,
        event: Callable[[EventRef], ChangeEvent | None],
        threads: "DeliveryThreads",
    ) -> None:
        """`event` reads one event from the audit."""
        self._letters = letters
        self._event = event
        self._threads = threads
        self._scan: tuple[str, Iterator[Letter]] | None = None

    def forget(self) -> None:
        """Drop the scan: no delivery is pending, and the next request starts from the beginning."""
        self._scan = None

    def advance(self, row: SinkRow) -> tuple[bool, str | None]:
        """Deliver the next letters that the row's request asks for.

        Returns whether more can be delivered at once, and the request when it is finished.

        Raises:
            StoreUnavailable: the tables cannot be read now; the scan starts again.

        """
        if self._scan is None:
            if row.redrive is None:
                return False, None
            letters = self._letters.due(row.name, everything=row.redrive_all)
            self._scan = row.redrive, letters
        request, letters = self._scan
        if self._threads.full:
            return False, None
        try:
            some = list(islice(letters, AT_A_TIME))
            self._threads.offer(self._deliveries(some))
        except StoreUnavailable:
            self._scan = None
            raise
        if some or self._threads.redriving:
            return bool(some), None
        self._scan = None
        return False, request

    def _deliveries(self, letters: list[Letter]) -> list[Delivery]:
        pending, due = self._threads.redriving, []
        for letter in letters:
            event = self._event((letter.product_id, letter.event_key))
            if event is None:
                self._letters.failed(letter, "its audit entry has expired or is damaged")
            elif letter.id not in pending:
                due.append(Delivery(event, letter=letter))
        return due
