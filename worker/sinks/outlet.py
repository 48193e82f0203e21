"""An optional sink takes what it can in its own time; what it cannot is parked, in order.

The reader hands over and goes on: a full window parks, together with what of the product
was still waiting in it. A record that fails for good, or comes behind one that did, is
parked with all of its product. Only a record that is accepted or parked is settled.
"""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from app.store.dead_letters import DeadLetters, LaneID
from app.store.lane import lane_of
from app.store.lanes import ClaimLost, Lanes
from app.store.leases import LeaseLost
from worker.retry import Retry, Stopped
from worker.sinks.bounded import Bounded, DeliveryHung, SinkStuck
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.parking import Item, Parking
from worker.sinks.policy import IN_LANE, IN_WINDOW, Backoff, RetryPolicy
from worker.sinks.sink import Sink, said
from worker.sinks.window import Window

_log = logging.getLogger(__name__)

WINDOW = 1_000  # records in flight
THREADS = 4
_JOIN = 5.0  # seconds that a stop waits for the threads


class Outlet:
    """One optional sink with its window and threads; a context manager."""

    def __init__(
        self,
        sink: Sink,
        bounded: Bounded,
        letters: DeadLetters,
        lanes: Lanes,
        known: OpenLanes,
        retry: Retry,
        stop: threading.Event,
        policy: RetryPolicy,
        *,
        size: int = WINDOW,
        threads: int = THREADS,
        backoff: Backoff = IN_WINDOW,
    ) -> None:
        self.name = sink.name
        self._deliver = bounded
        self._park = Parking(sink.name, letters, known, retry)
        self._lanes = lanes
        self._known = known
        self._retry = retry
        self._stop = stop
        self._policy = policy
        self._backoff = backoff
        self._window: Window[Item] = Window(size)
        self._moved = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"sink-{sink.name}-{n}", daemon=True)
            for n in range(threads)
        ]

    def __enter__(self) -> "Outlet":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        with self._moved:
            self._moved.notify_all()
        deadline = time.monotonic() + _JOIN
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._deliver.close()

    def offer(self, items: Sequence[Item]) -> None:
        """Take a shard's records, in their order; what finds no room is parked before it returns.

        Raises:
            LeaseLost: the shard is another's; what was not parked is its to read.
            Stopped: the worker is ending.

        """
        now = time.monotonic()
        with self._moved:
            first = next(
                (
                    n
                    for n, item in enumerate(items)
                    if not self._window.add(item.product, item, now)
                ),
                len(items),
            )
            self._moved.notify_all()
        if first < len(items):
            self._overflow(items[first:])
        if any(item.shard.lost for item in items):
            raise LeaseLost

    def _overflow(self, items: Sequence[Item]) -> None:
        """Park items, and before them what their products have in the window."""
        products = list(dict.fromkeys(item.product for item in items))
        claims: dict[LaneID, str] = {}
        to_park: list[Item] = []
        counts: dict[str, int] = {}
        with self._moved:
            self._moved.wait_for(
                lambda: self._stop.is_set() or not self._window.is_parking(products)
            )
            if self._stop.is_set():
                raise Stopped
            for product in products:
                claim = uuid.uuid4().hex
                before, claimed = self._window.overtake(product, claim)
                if claimed:
                    claims[(self.name, product)] = claim
                counts[product] = len(before) - claimed
                to_park += before
                to_park += [item for item in items if item.product == product]
        _log.warning("the window of %s is full: parking %d records", self.name, len(to_park))
        try:
            self._park(to_park, claims)
        except BaseException:
            with self._moved:
                for product in products:
                    self._window.not_parked(product, claims.get((self.name, product)))
                self._moved.notify_all()
            raise
        with self._moved:
            now = time.monotonic()
            for product, count in counts.items():
                self._window.parked(product, count, now)
            self._moved.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._moved:
                turn = self._window.next(time.monotonic())
                if turn is None:
                    self._moved.wait(self._window.wait(time.monotonic()))
                    continue
            product, item = turn
            try:
                self._turn(str(product), item)
            except Stopped:
                return
            except Exception:  # noqa: BLE001 - this thread must outlive any fault
                _log.exception("a delivery thread of %s met a fault; it goes on", self.name)
                with self._moved:
                    self._window.again(product, time.monotonic() + 1)

    def _turn(self, product: str, item: Item) -> None:
        event = item.taken.event
        age = (datetime.now(UTC) - event.occurred_at).total_seconds()
        if item.shard.lost:
            self._done(product)
        elif (self.name, product) in self._known:
            self._park_chain(product)
        elif not self._policy.allows(item.tries, age):
            item.error = item.error or f"the record is {age:.0f} s old"
            self._park_chain(product)
        else:
            try:
                self._retry(lambda: item.shard.renew(time.monotonic()), "lease")
                self._deliver(event)
            except Stopped:
                raise
            except LeaseLost:
                item.shard.lost = True
                self._done(product)
            except Exception as error:  # noqa: BLE001 - a sink may fail in any way
                self._failed(product, item, error, age)
            else:
                self._accepted(product, item)

    def _accepted(self, product: str, item: Item) -> None:
        claim = self._claim_of(product)
        if claim is None:
            item.settle()
        else:
            lane = lane_of(self.name, product)
            letter = self._park.letter(item)
            with suppress(ClaimLost):  # then it is delivered once more
                self._retry(lambda: self._lanes.delivered(lane, letter, claim), "lane")
                now = self._lanes.now_ms()
                self._retry(lambda: self._lanes.release(lane, claim, now), "lane")
        self._done(product)

    def _failed(self, product: str, item: Item, error: Exception, age: float) -> None:
        claim = self._claim_of(product)
        item.tries += 1
        item.error = said(error)
        if claim is not None:
            lane, letter = lane_of(self.name, product), self._park.letter(item)
            when = self._lanes.now_ms() + int(1000 * IN_LANE(1))
            with suppress(ClaimLost):
                self._retry(
                    lambda: self._lanes.failed(lane, letter, claim, item.error, when), "lane"
                )
            self._done(product)
        elif isinstance(error, (DeliveryHung, SinkStuck)) or not self._policy.allows(
            item.tries, age
        ):
            self._park_chain(product)
        else:
            with self._moved:
                self._window.again(product, time.monotonic() + self._backoff(item.tries))
                self._moved.notify_all()

    def _claim_of(self, product: str) -> str | None:
        """The claim that the item in delivery was parked under, once no parking is under way."""
        with self._moved:
            self._moved.wait_for(lambda: not self._window.is_parking([product]), timeout=60)
            return self._window.claim_of(product)

    def _park_chain(self, product: str) -> None:
        with self._moved:
            self._moved.wait_for(lambda: not self._window.is_parking([product]), timeout=60)
            items = self._window.park(product)
        try:
            self._park(items, {})
        except BaseException:
            with self._moved:
                self._window.not_parked(product)
                self._moved.notify_all()
            raise
        with self._moved:
            self._window.parked(product, len(items), time.monotonic())
            self._moved.notify_all()

    def _done(self, product: str) -> None:
        with self._moved:
            self._window.done(product, time.monotonic())
            self._moved.notify_all()
