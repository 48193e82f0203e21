"""A rejected event is saved as a dead letter before it counts as done.

An event that is rejected again after a redrive keeps its letter, with the new error.
"""

from collections.abc import Mapping, Sequence

from app.observability.metrics import SINK_REJECTED
from app.runtime.retry import Retry
from app.store.coordination.hold import Hold
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from worker.consumers.schedule import Delivery


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
        self.park([self._letter(*ref, error) for _, ref, error in damaged])

    def settle(
        self, deliveries: Sequence[Delivery], errors: Mapping[str, str], attempts: int = 1
    ) -> None:
        """Record the outcome of deliveries; `errors`: why an event was rejected, by event id."""
        rejected: list[Letter] = []
        for one in deliveries:
            error = errors.get(one.event.id) if errors else None  # an id takes time to make
            if one.letter is not None:
                self._settle_letter(one.letter, error)
            elif error is not None:
                event = one.event
                rejected.append(self._letter(event.product_id, event.event_key, error, attempts))
        self.park(rejected)

    def _letter(self, product_id: str, key: str, error: str, attempts: int = 1) -> Letter:
        return Letter(
            sink=self._sink, product_id=product_id, event_key=key, error=error, attempts=attempts
        )

    def _settle_letter(self, letter: Letter, error: str | None) -> None:
        if error is None:
            self._retry(lambda: self._letters.remove(letter), "dead letters")
        else:
            self._retry(lambda: self._letters.failed(letter, error), "dead letters")
