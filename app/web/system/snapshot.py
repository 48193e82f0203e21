"""The tables are read off to the side: who asks gets the newest look at once, however they fare.

One look runs at a time. It is taken when someone asks and the last is too old; a store that
hangs keeps that one thread waiting and nobody else.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime

from app.core.errors import StockpulseError
from app.observability.logs import masked
from app.runtime.stall import Sighting, observe, observe_all
from app.store.coordination.workers import WorkerRow
from app.store.status import StoredStatus
from app.web.system.state import Live, SystemState, WorkerSeen

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds that a look serves everyone who asks
PATIENCE = 0.5  # seconds that an answer waits for a look under way
HANGING = 3.0  # seconds until a look that does not end is told


class Heartbeats:
    """For how long each worker's counter has stood still."""

    def __init__(self) -> None:
        self._seen: dict[str, Sighting] = {}

    def note(self, rows: Iterable[WorkerRow], now: float) -> None:
        """Take in the workers' rows as just read; a worker without a row is forgotten."""
        self._seen = observe_all(self._seen, {row.owner: row.counter for row in rows}, now)

    def of(self, row: WorkerRow, now: float) -> WorkerSeen:
        """The worker's state at this moment."""
        seen = self._seen.get(row.owner) or observe(None, row.counter, now)
        return WorkerSeen(
            row.owner,
            row.broker,
            row.since,
            silent=seen.still_for(now),
            heard=seen.moved,
        )


class SystemSnapshot:
    """Gathers `SystemState`; `live` never blocks, `read` may take as long as the store does."""

    def __init__(
        self,
        read: Callable[[], StoredStatus],
        live: Callable[[], Live],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._live = live
        self._monotonic = monotonic
        self._heartbeats = Heartbeats()
        self._lock = threading.Lock()
        self._under_way: tuple[Future[None], float] | None = None
        self._stored: StoredStatus | None = None
        self._read_at: datetime | None = None
        self._tried = -math.inf  # when the last look ended, by the monotonic clock
        self._trouble = ""

    async def look(self, age: float = FRESH) -> SystemState:
        """The state, from tables read at most `age` seconds ago where they can be read."""
        look = self._begin(age)
        if look is not None:
            await asyncio.wait([asyncio.wrap_future(look)], timeout=PATIENCE)
        return self._state()

    def expire(self) -> None:
        """Have the next look read the tables: an act has just changed them."""
        with self._lock:
            self._tried = -math.inf

    def _begin(self, age: float) -> Future[None] | None:
        """The look under way, one begun now, or None where the last is young enough."""
        with self._lock:
            now = self._monotonic()
            if self._under_way is not None:
                return self._under_way[0]
            if now - self._tried < age:
                return None
            look: Future[None] = Future()
            self._under_way = (look, now)
        threading.Thread(target=self._run, args=(look,), name="system-look", daemon=True).start()
        return look

    def _run(self, look: Future[None]) -> None:
        stored, trouble = None, ""
        try:
            stored = self._read()
        except StockpulseError as error:
            trouble = masked(error.detail)
        except Exception as error:  # noqa: BLE001 - a row that nobody foresaw must not blind us
            _log.warning("cannot tell the state of the tables", exc_info=error)
            trouble = f"what the tables hold was not understood ({type(error).__name__})."
        with self._lock:
            self._tried, self._trouble, self._under_way = self._monotonic(), trouble, None
            if stored is not None:
                self._stored, self._read_at = stored, datetime.now(UTC)
                self._heartbeats.note(stored.workers, self._tried)
        look.set_result(None)

    def _state(self) -> SystemState:
        live = self._live()
        with self._lock:
            now = self._monotonic()
            trouble = self._trouble
            if self._under_way is not None and now - self._under_way[1] > HANGING:
                trouble = f"no answer for {now - self._under_way[1]:.0f} s."
            rows = self._stored.workers if self._stored else ()
            return SystemState(
                as_of=datetime.now(UTC),
                live=live,
                stored=self._stored,
                read_at=self._read_at,
                trouble=trouble,
                workers=[self._heartbeats.of(row, now) for row in rows],
            )
