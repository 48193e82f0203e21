"""Chooses which events a sink gets next: each product's in order, one call per product at a time.

While a sink is down, it is probed by one call at a time, and no event is rejected because it fails.
An event is rejected if it fails alone while others succeed. No I/O: events and outcomes in, calls
out.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from app.core.events import ChangeEvent
from app.store.dead_letters.letter import Letter
from app.store.dynamodb.paging import event_size
from app.store.feed.cursor import Cursor
from worker.consumers.retry_policy import HALVE_AFTER, OUTAGE_AFTER, RetryPolicy


@dataclass(frozen=True, slots=True)
class Delivery:
    """A pending event: either at a cursor of the timeline, or redriven for a dead letter."""

    event: ChangeEvent
    cursor: Cursor | None = None
    letter: Letter | None = None
    size: int = field(init=False, compare=False)  # approximate bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", event_size(self.event))


@dataclass(frozen=True, slots=True)
class Call:
    """Deliveries to make in one call; with `refusal`, one delivery to reject for that reason."""

    deliveries: Sequence[Delivery]
    refusal: str | None = None


@dataclass(slots=True)
class _Product:
    waiting: deque[Delivery] = field(default_factory=deque)
    busy: bool = False
    not_before: float = 0.0
    # For the first event, in calls that contain no other event:
    failures: int = 0
    confirmed: int = 0  # failures that were followed by another event's success
    unconfirmed_since: int | None = None  # successful calls at the time of the last failure
    error: str = ""


class Schedule:
    """The deliveries of one sink that are waiting or running."""

    def __init__(self, batch_size: int, batching_window: float, policy: RetryPolicy) -> None:
        self._most = self._size = batch_size
        self._window = batching_window
        self._policy = policy
        self._products: dict[str, _Product] = {}  # in the order in which they are served
        self._cursors: set[Cursor] = set()
        self._waiting = self._running = self._successes = 0
        self.size = 0  # approximate bytes
        self._opened = 0.0  # when the first waiting delivery was added
        self._failures = self._failures_at_size = 0  # consecutive calls
        self._failing: set[str] = set()  # products that failed since the last success
        self._not_before = 0.0

    def __len__(self) -> int:
        return self._waiting + self._running

    def __contains__(self, cursor: Cursor) -> bool:
        return cursor in self._cursors

    @property
    def oldest(self) -> Cursor | None:
        """The lowest cursor of a pending event; None if none is pending."""
        return min(self._cursors, default=None)

    def offer(self, deliveries: Iterable[Delivery], now: float) -> None:
        """Add deliveries, each product's in order."""
        for one in deliveries:
            if not self._waiting:
                self._opened = now
            self._products.setdefault(one.event.product_id, _Product()).waiting.append(one)
            self._waiting += 1
            self.size += one.size
            if one.cursor is not None:
                self._cursors.add(one.cursor)

    def next(self, now: float, age: Callable[[Delivery], float]) -> Call | None:
        """Return the next call to make; None if there is none now.

        `age` returns the seconds since an event's arrival.
        """
        if now < self._not_before or (self._running and self._is_outage()):
            return None
        if self._waiting < self._most and now < self._opened + self._window:
            return None
        chosen: list[Delivery] = []
        for product in self._products.values():
            if product.busy or not product.waiting or now < product.not_before:
                continue
            first = product.waiting[0]
            if (refusal := self._refusal(product, age(first))) is not None:
                return self._started(Call([first], refusal))
            if product.failures:  # in a call of its own, so that other events do not fail with it
                if not chosen:
                    return self._started(Call([first]))
                continue
            chosen += _once_each(islice(product.waiting, self._size - len(chosen)))
            if len(chosen) == self._size:
                break
        return self._started(Call(chosen)) if chosen else None

    def put_back(self, call: Call) -> None:
        """Undo `next`, for a call that was not made."""
        self._wait_again(call.deliveries)
        for one in call.deliveries:
            self._products[one.event.product_id].busy = False

    def failures(self, delivery: Delivery) -> int:
        """How often the product's first event has failed in calls of its own."""
        return self._products[delivery.event.product_id].failures

    def succeeded(self, call: Call, now: float) -> None:
        """Record a call whose events were all accepted or rejected."""
        if call.refusal is None:
            self._recovered(now)
            self._size = min(self._most, self._size * 2)
            self._failures = self._failures_at_size = 0
        self._finish(call, call.deliveries)

    def failed(
        self, call: Call, accepted: int, error: str, retry_after: float | None, now: float
    ) -> None:
        """Record a call that failed after its first `accepted` events.

        `retry_after`: the seconds that the receiver asks to wait.
        """
        left = call.deliveries[accepted:]
        self._failures += 1
        if accepted:
            self._recovered(now)
            self._failures = 1
        self._failing.update(one.event.product_id for one in left)
        self._wait_again(left)
        self._finish(call, call.deliveries[:accepted])
        alone = len(call.deliveries) == 1 and not accepted
        if alone:
            self._failed_alone(self._products[left[0].event.product_id], error, now)
        elif left:
            self._failures_at_size += 1
            if self._failures_at_size == HALVE_AFTER:
                self._size, self._failures_at_size = max(1, len(call.deliveries) // 2), 0
        if retry_after is not None or not alone or self._is_outage():
            self._not_before = now + self._policy.pause(self._failures, retry_after)

    def wait(self, now: float) -> float:
        """Seconds after which a call may become due without any other event."""
        times = [product.not_before for product in self._products.values() if product.waiting]
        times += [self._not_before, self._opened + self._window]
        later = [time - now for time in times if time > now]
        return min([60.0, *later])

    def _is_outage(self) -> bool:
        return len(self._failing) >= OUTAGE_AFTER

    def _recovered(self, now: float) -> None:
        """After an outage, shorten the waits of the events that failed in it."""
        self._successes += 1
        for product_id in self._failing:
            if (product := self._products.get(product_id)) is not None:
                soon = now + self._policy.pause(product.confirmed + 1)
                product.not_before = min(product.not_before, soon)
        self._failing.clear()

    def _refusal(self, product: _Product, age: float) -> str | None:
        if product.unconfirmed_since is not None and self._successes > product.unconfirmed_since:
            product.confirmed += 1
            product.unconfirmed_since = None
        if self._policy.is_spent(product.confirmed):
            return product.error
        if self._policy.is_too_old(age):
            error = f": {product.error}" if product.error else ""
            return f"too old to be retried: it arrived {age:.0f} s ago{error}"
        return None

    def _failed_alone(self, product: _Product, error: str, now: float) -> None:
        product.failures += 1
        product.error = error
        product.unconfirmed_since = self._successes
        product.not_before = now + self._policy.pause(product.failures)

    def _started(self, call: Call) -> Call:
        for one in call.deliveries:
            product = self._products[one.event.product_id]
            product.waiting.popleft()
            product.busy = True
            self._waiting -= 1
            self._running += 1
        return call

    def _wait_again(self, deliveries: Sequence[Delivery]) -> None:
        for one in reversed(deliveries):
            self._products[one.event.product_id].waiting.appendleft(one)
        self._waiting += len(deliveries)
        self._running -= len(deliveries)

    def _finish(self, call: Call, done: Sequence[Delivery]) -> None:
        """Release the call's products, and remove the finished deliveries."""
        for one in done:
            self._running -= 1
            self.size -= one.size
            if one.cursor is not None:
                self._cursors.discard(one.cursor)
        finished = {one.event.product_id for one in done}
        for product_id in dict.fromkeys(one.event.product_id for one in call.deliveries):
            product = self._products.pop(product_id)
            if product_id in finished:
                product = _Product(product.waiting)
            product.busy = False
            if product.waiting:
                self._products[product_id] = product  # moves it to the end of the queue


def _once_each(deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """Yield deliveries until an event repeats: each time it was read, it got a row."""
    keys: set[str] = set()
    for one in deliveries:
        if one.event.event_key in keys:
            return
        keys.add(one.event.event_key)
        yield one
