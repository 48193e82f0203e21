"""What a sink does not get now is parked in order, under the lease that it was read under.

Records of a shard that was lost are dropped: its new holder reads them again. Only what is
parked is settled.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from app.store.dead_letters import DeadLetters, LaneID
from app.store.leases import LeaseLost
from app.store.letters import Letter
from worker.retry import Retry
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.sink import Holding, Taken, letter_for

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Item:
    """A record on its way to one sink."""

    taken: Taken
    stream_arn: str
    shard: Holding
    settle: Callable[[], None]
    tries: int = 0
    error: str = ""

    @property
    def product(self) -> str:
        """What keeps its order."""
        return self.taken.event.product_id


class Parking:
    """Parks one sink's records."""

    def __init__(self, sink: str, letters: DeadLetters, known: OpenLanes, retry: Retry) -> None:
        self._sink = sink
        self._letters = letters
        self._known = known
        self._retry = retry

    def __call__(self, items: Iterable[Item], claims: dict[LaneID, str]) -> None:
        """Park, in order, what is of shards that are still ours, and settle it."""
        for _, group in groupby(items, key=attrgetter("shard")):
            together = [item for item in group if not item.shard.lost]
            if together:
                self._park_of_shard(together, claims)

    def _park_of_shard(self, items: list[Item], claims: dict[LaneID, str]) -> None:
        shard = items[0].shard
        letters = [self.letter(item) for item in items]
        with self._known.parking((self._sink, item.product) for item in items):
            try:
                self._retry(lambda: self._letters.park(letters, shard.hold, claims), "dead letters")
            except LeaseLost:
                shard.lost = True
                return
        failed = [letter for letter in letters if letter.state == "parked"]
        for letter in failed:
            _log.error(
                "%s did not accept %s of product %r: %s",
                *(self._sink, letter.event_key, letter.product_id, letter.error),
            )
        for item in items:
            item.settle()

    def letter(self, item: Item) -> Letter:
        """The letter of an item as it is now."""
        return letter_for(
            self._sink,
            item.taken,
            item.stream_arn,
            error=item.error,
            attempts=item.tries,
            state="parked" if item.error else "waiting",
        )
