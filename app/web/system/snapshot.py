"""The tables are read in a background thread, so a slow store never delays an answer for long.

One read runs at a time. It starts when someone asks and the last result is too old. A store
that hangs blocks only that thread; callers get the newest result so far.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime

from app.broker.condition import Condition
from app.core.errors import StockpulseError
from app.observability.logs import masked
from app.runtime.stall import Sighting, observe, observe_all
from app.store.coordination.workers import WorkerRow
from app.store.status import StoredStatus
from app.web.system.condition import condition_of
from app.web.system.state import Live, SystemState, Vitals, WorkerSeen

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds that a result is reused
PATIENCE = 0.5  # seconds that a caller waits for a running read
HANGING = 3.0  # seconds until a running read is reported as hanging


class Heartbeats:
    """How long each worker's heartbeat counter has been unchanged."""

    def __init__(self) -> None:
        self._seen: dict[str, Sighting] = {}

    def note(self, rows: Iterable[WorkerRow], now: float) -> None:
        """Record the workers' rows as just read; a worker without a row is forgotten."""
        self._seen = observe_all(self._seen, {row.owner: row.counter for row in rows}, now)

    def of(self, row: WorkerRow, now: float) -> WorkerSeen:
        """The worker's state at `now`, by the monotonic clock."""
        seen = self._seen.get(row.owner) or observe(None, row.counter, now)
        return WorkerSeen(
            row.owner,
            row.broker,
            row.since,
            silent=seen.still_for(now),
            heard=seen.moved,
        )


class SystemSnapshot:
    """Collects the `SystemState`; `live` must not block, `read` may take as long as the store."""

    def __init__(
        self,
        read: Callable[[], StoredStatus],
        live: Callable[[], Live],
        vitals: Callable[[], Vitals],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._live = live
        self._vitals = vitals
        self._fine_at = datetime.now(UTC)  # when the condition was last not stale
        self._monotonic = monotonic
        self._heartbeats = Heartbeats()
        self._lock = threading.Lock()
        self._running: tuple[Future[None], float] | None = None
        self._stored: StoredStatus | None = None
        self._read_at: datetime | None = None
        self._ended = -math.inf  # when the last read ended, by the monotonic clock
        self._heard = 0.0  # when the last read that succeeded ended
        self._trouble, self._needs_repair = "", False

    def condition(self, vitals: Vitals | None = None) -> Condition:
        """The condition now; reads no table, and never blocks."""
        now = datetime.now(UTC)
        found = condition_of(vitals or self._vitals(), now, self._fine_at)
        if found.state != "stale":
            self._fine_at = now
        return found

    async def current(self, age: float = FRESH) -> SystemState:
        """The state; its tables were read at most `age` seconds ago, if they can be read."""
        reading = self._begin(age)
        if reading is not None:
            await asyncio.wait([asyncio.wrap_future(reading)], timeout=PATIENCE)
        return self._state()

    def expire(self) -> None:
        """Read the tables again at the next call, after an action has changed them."""
        with self._lock:
            self._ended = -math.inf

    def _begin(self, age: float) -> Future[None] | None:
        """The running read, or one started now; None if the last result is recent enough."""
        with self._lock:
            now = self._monotonic()
            if self._running is not None:
                return self._running[0]
            if now - self._ended < age:
                return None
            reading: Future[None] = Future()
            self._running = (reading, now)
        threading.Thread(target=self._run, args=(reading,), name="system-read", daemon=True).start()
        return reading

    def _run(self, reading: Future[None]) -> None:
        stored, trouble, needs_repair = None, "", False
        try:
            stored = self._read()
        except StockpulseError as error:
            trouble = masked(error.detail)
        except Exception as error:  # noqa: BLE001 - an unexpected row must not break the page
            _log.warning("cannot read the state of the tables", exc_info=error)
            trouble, needs_repair = "a row of the tables has an unexpected form.", True
        with self._lock:
            self._ended, self._running = self._monotonic(), None
            self._trouble, self._needs_repair = trouble, needs_repair
            if stored is not None:
                self._stored, self._read_at = stored, datetime.now(UTC)
                self._heard = self._ended
                self._heartbeats.note(stored.workers, self._heard)
        reading.set_result(None)

    def _state(self) -> SystemState:
        live = self._live()
        with self._lock:
            now = self._monotonic()
            trouble, needs_repair = self._trouble, self._needs_repair
            if self._running is not None and now - self._running[1] > HANGING:
                trouble, needs_repair = f"no answer for {now - self._running[1]:.0f} s.", False
            rows = self._stored.workers if self._stored else ()
            return SystemState(
                as_of=datetime.now(UTC),
                condition=self.condition(live.vitals),
                live=live,
                stored=self._stored,
                read_at=self._read_at,
                trouble=trouble,
                needs_repair=needs_repair,
                # Nobody listened since that read, so a worker was not silent since.
                workers=[self._heartbeats.of(row, self._heard) for row in rows],
            )
