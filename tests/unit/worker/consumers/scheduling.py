"""A schedule with a clock that tests advance."""

from tests.unit.store.timeline.building import cursor, event
from worker.consumers.retry_policy import RetryPolicy
from worker.consumers.schedule import Call, Delivery, Schedule


class Bench:
    """A schedule with a test clock and short methods."""

    def __init__(self, batch_size: int = 1, window: float = 0.0, **policy: int) -> None:
        self.now = 0.0
        self.schedule = Schedule(batch_size, window, RetryPolicy(**policy, jitter=lambda: 1.0))
        self.age = 0.0

    def offer(self, *events: tuple[str, int]) -> None:
        self.schedule.offer(
            [
                Delivery(event(product, number), cursor(1_000 + number, ord(product[0])))
                for product, number in events
            ],
            self.now,
        )

    def next(self) -> Call | None:
        return self.schedule.next(self.now, lambda _delivery: self.age)

    def due(self) -> Call:
        """Return the next call, which must exist."""
        call = self.next()
        assert call is not None
        return call

    def fail_alone(self, times: int) -> None:
        """Fail the next call `times` times, with the longest pauses between, and once more now."""
        for _ in range(times):
            self.fail(self.due())
            self.later()
        self.fail(self.due())

    def calls(self) -> list[Call]:
        """Return all calls that may be made now."""
        found = []
        while (call := self.next()) is not None:
            found.append(call)
        return found

    def fail(self, call: Call, accepted: int = 0, retry_after: float | None = None) -> None:
        self.schedule.failed(call, accepted, "down", retry_after, self.now)

    def succeed(self, call: Call) -> None:
        self.schedule.succeeded(call, self.now)

    def later(self) -> None:
        """Advance the clock past the longest pause."""
        self.now += 100.0


def names(call: Call | None) -> list[str]:
    assert call is not None
    return [f"{one.event.product_id}{int(one.event.event_key[-4:])}" for one in call.deliveries]
