"""The worker looks at the open lanes and tries those that are due, each sink in its own thread.

A look reads the whole table of dead letters, so the next waits at least twenty times as long
as it took. What people mark due is seen at the next look.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable

from app.store.errors import StoreUnavailable
from app.store.lane import Lane
from app.store.lanes import Lanes
from worker.retry import Stopped
from worker.sinks.drain import ClaimWatch, Drain
from worker.sinks.open_lanes import OpenLanes

_log = logging.getLogger(__name__)

# Seconds between looks: while no lane is open, while one is. A look is a call that is billed.
LOOK, LOOK_WHILE_OPEN = 20.0, 1.0
_SHARE = 20  # of the time at most one in so many goes into looking
_JOIN = 5.0  # seconds that a stop waits for the threads


class LaneDrainer:
    """Runs until the worker ends; a context manager."""

    def __init__(
        self,
        lanes: Lanes,
        drain: Drain,
        known: OpenLanes,
        stop: threading.Event,
        *,
        look: float = LOOK,
        look_while_open: float = LOOK_WHILE_OPEN,
        watch: ClaimWatch | None = None,
        hint: threading.Event | None = None,
    ) -> None:
        """`hint` is set by who marked something due in this process: it is looked at at once."""
        self._lanes = lanes
        self._drain = drain
        self._known = known
        self._stop = stop
        self._pauses = (look, look_while_open)
        self._watch = watch or ClaimWatch()
        self._lock = threading.Lock()
        self._busy: set[tuple[str, str]] = set()
        self._hint = hint or threading.Event()
        self._inboxes: dict[str, queue.SimpleQueue[Lane | None]] = {
            sink: queue.SimpleQueue() for sink in drain.sinks
        }
        self._threads = [
            threading.Thread(target=self._look_out, name="lanes", daemon=True),
            *(
                threading.Thread(target=self._drain_all, args=(s,), name=f"lanes-{s}", daemon=True)
                for s in self._inboxes
            ),
        ]

    def __enter__(self) -> "LaneDrainer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._hint.set()
        for inbox in self._inboxes.values():
            inbox.put(None)
        deadline = time.monotonic() + _JOIN
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def look(self) -> bool:
        """Hand what is due to the threads; whether any lane is open."""
        seen = self._known.seen()
        lanes = list(self._lanes.open())
        found = {lane.id for lane in lanes}
        self._known.absent({lane: changes for lane, changes in seen.items() if lane not in found})
        self._hand_out(due(self._watch.free(lanes), self._lanes.now_ms()))
        return bool(lanes)

    def _hand_out(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            inbox = self._inboxes.get(lane.sink)
            with self._lock:
                if inbox is None or (lane.product_id, lane.sink_key) in self._busy:
                    continue
                self._busy.add((lane.product_id, lane.sink_key))
            inbox.put(lane)

    def _look_out(self) -> None:
        while not self._stop.is_set():
            self._hint.clear()
            began = time.monotonic()
            idle, busy = self._pauses
            pause = idle
            try:
                pause = busy if self.look() else idle
            except StoreUnavailable as error:
                _log.warning("cannot see the dead letters: %s", error.detail)
            except Exception:  # noqa: BLE001 - this thread must outlive any fault
                _log.exception("a look at the dead letters failed; it is repeated")
            took = time.monotonic() - began
            if took * _SHARE > pause:
                self._stop.wait(took * _SHARE - pause)
            self._hint.wait(pause)

    def _drain_all(self, sink: str) -> None:
        inbox = self._inboxes[sink]
        while (lane := inbox.get()) is not None and not self._stop.is_set():
            try:
                self._drain(lane)
            except Stopped:
                return
            except StoreUnavailable as error:
                _log.warning("cannot drain a lane of %s: %s", sink, error.detail)
            except Exception:  # noqa: BLE001 - this thread must outlive any fault
                _log.exception("draining a lane of %s failed; it is tried again", sink)
            finally:
                with self._lock:
                    self._busy.discard((lane.product_id, lane.sink_key))


def due(lanes: Iterable[Lane], now_ms: int) -> list[Lane]:
    """What to try now; longest due first."""
    return sorted(
        (lane for lane in lanes if lane.is_due(now_ms)), key=lambda lane: lane.next_try_ms
    )
