"""What a sink rejects becomes a dead letter before it counts as done; a redrive settles it."""

from collections.abc import Mapping, Sequence

from app.metrics import SINK_REJECTED
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.repository import DeadLetters
from app.store.leases import Hold
from worker.consumers.schedule import Delivery
from worker.retry import Retry


class Rejections:
    """One sink's dead letters, written under its lease, however long that takes.

    Each method raises LeaseLost where the sink is another worker's now, and Stopped where this
    worker is ending.
    """

    def __init__(self, sink: str, letters: DeadLetters, hold: Hold, retry: Retry) -> None:
        self._sink = sink
        self._letters = letters
        self._hold = hold
        self._retry = retry

    def park(self, letters: Sequence[Letter]) -> None:
        """Keep dead letters."""
        if letters:
            self._retry(lambda: self._letters.park(letters, self._hold), "dead letters")
            SINK_REJECTED.labels(self._sink).inc(len(letters))

    def settle(
        self, deliveries: Sequence[Delivery], errors: Mapping[str, str], attempts: int = 1
    ) -> None:
        """Note the outcome of deliveries; `errors`: by event id, why it was rejected."""
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
