"""Where no thread looks at the lanes (Lambda), a scheduled call drains what is due until its time.

A claim that another call left behind is watched, for as long as this one has time, and taken
over once it was seen still for its life; a container that stays warm goes on watching.
"""

import logging
import time
from collections.abc import Callable

from app.store.lanes import Lanes
from worker.sinks.drain import ClaimWatch, Drain
from worker.sinks.drainer import due

_log = logging.getLogger(__name__)

_GLANCE = 1.0  # seconds between looks at claims that others hold


def drain_tick(
    lanes: Lanes,
    drain: Drain,
    watch: ClaimWatch | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[float], None]:
    """What drains until about this moment of `time.monotonic()`, or until nothing is due."""
    watching = watch or ClaimWatch()

    def tick(until: float) -> None:
        while monotonic() < until:
            pending = [
                lane for lane in due(lanes.open(), lanes.now_ms()) if lane.sink in drain.sinks
            ]
            if not pending:
                return
            free = watching.free(pending)
            for lane in free:
                if monotonic() >= until:
                    _log.warning("time is up: lanes are left for the next call")
                    return
                drain(lane)
            if not free:
                sleep(min(_GLANCE, max(0.0, until - monotonic())))

    return tick
