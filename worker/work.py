"""What a reader hands its pages to: durable up to where every sink has accepted or parked.

The open lanes are read once a shard is taken: what an earlier holder parked must not be
overtaken. Everything that this work parks rests on its lease.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.store.lanes import Lanes
from app.store.leases import Hold, LeaseLost
from worker.gaps import ChainGuard
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.outlet import Outlet
from worker.sinks.parking import Item
from worker.sinks.sink import Holding, Taken
from worker.sinks.tracker import Tracker
from worker.stream.decode import UNKNOWN, identify

Record = Mapping[str, Any]


class ShardWork:
    """One shard's way through the pipeline and into the optional sinks, under one lease."""

    def __init__(
        self,
        stream_arn: str,
        hold: Hold,
        pipeline: Pipeline,
        outlets: Sequence[Outlet],
        lanes: Lanes,
        known: OpenLanes,
        retry: Retry,
        guard: ChainGuard | None = None,
    ) -> None:
        self._stream_arn = stream_arn
        self._shard = Holding(hold)
        self._pipeline = pipeline
        self._outlets = outlets
        self._lanes = lanes
        self._known = known
        self._retry = retry
        self._guard = guard
        self._tracker = Tracker()
        self._loaded = not outlets

    def process(self, records: Sequence[Record]) -> None:
        """Audit and publish a page, and hand it to the optional sinks.

        Raises:
            LeaseLost: the shard is another's; nothing more of this work takes effect here.
            Stopped: the worker is ending.

        """
        if not self._loaded:
            open_now = self._retry(lambda: list(self._lanes.open()), "lanes")
            self._known.load(lane.id for lane in open_now if lane.tail)
            self._loaded = True
        try:
            self._pipeline.process(
                records, self._stream_arn, self._shard.hold, self._hand_over, self._guard
            )
        except LeaseLost:
            self._shard.lost = True
            raise
        numbers = (identify(record)[1] for record in reversed(records))
        last = next((number for number in numbers if number != UNKNOWN), None)
        if last is not None:
            self._tracker.read(last, 0)

    def durable(self) -> str | None:
        """The greatest sequence number up to which every sink has accepted or parked."""
        return self._tracker.durable

    def end(self) -> None:
        """Deliver nothing more: what is on its way to a sink is the next holder's to deliver."""
        self._shard.lost = True

    def _hand_over(self, taken: Sequence[Taken]) -> None:
        if not self._outlets:
            return
        offers = [self._item(one) for one in taken]
        for outlet, items in zip(self._outlets, zip(*offers, strict=True), strict=True):
            outlet.offer(items)

    def _item(self, taken: Taken) -> list[Item]:
        settle = self._tracker.read(taken.event.sequence_number, len(self._outlets))
        return [Item(taken, self._stream_arn, self._shard, settle) for _ in self._outlets]
