"""Lists of alerts are kept in memory, and read again where the log shows a change of state.

So a page that looks every few seconds costs one query, and the lists that have changed.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.core import json_text
from app.store.alerts.alert import AlertState
from app.store.alerts.alert_repository import AlertRepository
from app.store.alerts.alert_rows import AlertView, Row
from app.store.alerts.levels import KINDS, AlertKind
from app.store.alerts.transition_log import TransitionLog

# Without a change of state, an alert learns that its stock rose above the point, or what came of an
# order. No alert comes into an empty list in this way.
FRESH = 10.0  # seconds that a list without a change of state is used
FRESH_EMPTY = 60.0
_OVERLAP_MS = 10_000  # rows of different processes become visible out of order
_MOST_CHANGES = 200  # read at once; after more, every list is read

Name = tuple[AlertState, AlertKind]


@dataclass(frozen=True, slots=True)
class _List:
    views: Sequence[AlertView]
    are_more: bool
    read_at: float


class AlertLists:
    """The newest alerts of each kind in each state. Thread-safe."""

    def __init__(
        self,
        alerts: AlertRepository,
        log: TransitionLog,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._alerts = alerts
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()  # who waits for it uses what was read meanwhile
        self._lists: dict[Name, _List] = {}
        self._most = 0
        self._seen: set[str] = set()  # changes of state that the lists include
        self._place = "0"  # in the log, from which changes may not be seen yet

    def newest(
        self, states: Iterable[AlertState], most: int
    ) -> dict[AlertState, tuple[list[AlertView], bool]]:
        """For each state up to `most` alerts of each kind, and whether there are more.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        with self._lock:
            if most != self._most:
                self._lists, self._most = {}, most
            rows, is_whole = self._changes()  # before the lists: what happens later is in neither
            stale = {
                name for row in rows for name in _touched(row) if row["ID"]["S"] not in self._seen
            }
            found: dict[AlertState, tuple[list[AlertView], bool]] = {}
            for state in states:
                lists = [
                    self._list((state, kind), is_stale=not is_whole or (state, kind) in stale)
                    for kind in KINDS
                ]
                views = [view for one in lists for view in one.views]
                found[state] = views, any(one.are_more for one in lists)
            self._forget(stale.difference((state, kind) for state in found for kind in KINDS))
            self._remember(rows)
            return found

    def _list(self, name: Name, *, is_stale: bool) -> _List:
        now, known = self._clock(), self._lists.get(name)
        if known is not None and not is_stale:
            fresh = FRESH if known.views else FRESH_EMPTY
            if now - known.read_at < fresh:
                return known
        self._lists.pop(name, None)  # if it cannot be read now, it is read the next time
        self._lists[name] = found = _List(*self._alerts.newest(*name, self._most), now)
        return found

    def _changes(self) -> tuple[list[Row], bool]:
        """The newest changes of state, and whether these are all since the lists were read."""
        if self._lists:
            rows, are_more = self._log.after(self._place, _MOST_CHANGES)
            if not are_more:
                return rows, True
        return self._log.newest(0, 1), False

    def _remember(self, rows: Sequence[Row]) -> None:
        if rows:
            newest = max(row["ID"]["S"] for row in rows)
            self._place = f"{int(newest[:13]) - _OVERLAP_MS:013d}"
        self._seen = {row["ID"]["S"] for row in rows}

    def _forget(self, names: Iterable[Name]) -> None:
        for name in names:
            self._lists.pop(name, None)


def _touched(row: Row) -> list[Name]:
    """The lists that a change of state alters."""
    kind: AlertKind = json_text.loads(row["Alert"]["S"])["kind"]
    states: list[AlertState] = [row["After"]["S"]]
    if "Before" in row:
        states.append(row["Before"]["S"])
    return [(state, kind) for state in states]
