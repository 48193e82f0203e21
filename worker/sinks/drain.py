"""A lane is emptied in the order of its events; the first that fails ends the turn.

Each letter is taken out after its delivery, so a crash between the two delivers it again. A
lane is closed only as empty as it was when its parkings were counted.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

from app.store.errors import StoreUnavailable
from app.store.lane import Lane
from app.store.lanes import ClaimLost, Lanes
from app.store.letters import Letter
from worker.retry import Retry, Stopped
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.policy import IN_LANE, Backoff
from worker.sinks.sink import said

_log = logging.getLogger(__name__)

# Seconds of stillness after which a claim is dead: more than a delivery may take (30).
CLAIM_LIFE = 45.0
TURN = 200  # letters of one lane before others have their turn

T = TypeVar("T")

DeliverLetter = Callable[[Letter], None]


class Drain:
    """Empties one lane at a time, for the sinks that this host has."""

    def __init__(
        self,
        lanes: Lanes,
        deliver: Mapping[str, DeliverLetter],
        known: OpenLanes,
        retry: Retry,
        *,
        backoff: Backoff = IN_LANE,
        turn: int = TURN,
    ) -> None:
        self._lanes = lanes
        self._deliver = deliver
        self._known = known
        self._retry = retry
        self._backoff = backoff
        self._turn = turn

    @property
    def sinks(self) -> set[str]:
        """Those that it can deliver to."""
        return set(self._deliver)

    def __call__(self, lane: Lane) -> None:
        """Take the lane, unless it moved since it was seen, and deliver what it can.

        Raises:
            Stopped: the worker is ending; the lane is given up.

        """
        word = uuid.uuid4().hex
        if not self._call(lambda: self._lanes.claim(lane, word)):
            return
        try:
            self._drain(lane, word)
        except ClaimLost:
            _log.warning("another drains the lane of %s for %r", lane.sink, lane.product_id)
        except Stopped:
            with suppress(StoreUnavailable):
                self._lanes.release(lane, word, self._lanes.now_ms())
            raise

    def _drain(self, lane: Lane, word: str) -> None:
        failures = lane.attempts
        for _ in range(self._turn):
            letter = self._call(lambda: self._lanes.first(lane))
            if letter is None:
                if self._closed(lane, word):
                    return
                continue
            try:
                self._deliver[lane.sink](letter)
            except Stopped:
                raise
            except Exception as error:  # noqa: BLE001 - a sink may fail in any way
                pause = self._backoff(failures + 1)
                _log.warning(
                    "%s still fails for %r (%s); again in %.1f s",
                    *(lane.sink, lane.product_id, said(error), pause),
                )
                when = self._lanes.now_ms() + int(1000 * pause)
                self._call(partial(self._lanes.failed, lane, letter, word, said(error), when))
                return
            self._call(partial(self._lanes.delivered, lane, letter, word))
            failures = 0
        self._call(lambda: self._lanes.release(lane, word, self._lanes.now_ms()))

    def _closed(self, lane: Lane, word: str) -> bool:
        """Whether the lane, which was found empty, is closed (or, of the audit, has no more)."""
        if not lane.tail:
            return True
        changes = self._known.changes(lane.id)
        parks = self._call(lambda: self._lanes.parks(lane, word))
        if self._call(lambda: self._lanes.first(lane)) is not None:
            return False
        if not self._call(lambda: self._lanes.close(lane, word, parks)):
            return False
        self._known.absent({lane.id: changes})
        return True

    def _call(self, call: Callable[[], T]) -> T:
        """A call to the store, through its outages: meanwhile the claim is still ours."""
        return self._retry(call, "lanes")


class ClaimWatch:
    """Which claims are dead: those that this machine's monotonic clock has seen still for long."""

    def __init__(
        self, life: float = CLAIM_LIFE, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._life = life
        self._monotonic = monotonic
        self._seen: dict[tuple[str, str], tuple[str, int, float]] = {}

    def free(self, lanes: Iterable[Lane]) -> list[Lane]:
        """Those of all lanes at this look that nobody drains, or whose claim is dead."""
        now = self._monotonic()
        seen: dict[tuple[str, str], tuple[str, int, float]] = {}
        free = []
        for lane in lanes:
            if lane.claim is None:
                free.append(lane)
                continue
            key = (lane.product_id, lane.sink_key)
            claim, beat, since = self._seen.get(key, (lane.claim, lane.beat, now))
            if (claim, beat) != (lane.claim, lane.beat):
                since = now
            seen[key] = (lane.claim, lane.beat, since)
            if now - since >= self._life:
                free.append(lane)
        self._seen = seen
        return free
