"""Looks for troubles from time to time, and writes down when one begins and ends.

Rules are looked at always, sinks and workers only while a rule wants troubles.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable

from app.notifications.sources import trouble_of_gap
from app.runtime.stall import Sighting, observe_all
from app.store.coordination.workers import WorkerRow
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.notifications.trouble_log import TroubleLog
from app.store.sinks.sink_lag import SinkView
from worker.notifications import troubles
from worker.notifications.state.rule_book import RuleIndex
from worker.notifications.state.waiting import Entry

_GAPS = 200  # that are known to be written down


class TroubleWatch:
    """Compares what goes on with what is written down."""

    def __init__(
        self,
        log: TroubleLog,
        sinks: Callable[[], list[SinkView]],
        channels: Iterable[str],
        workers: Callable[[], Iterable[WorkerRow]] = list,
    ) -> None:
        """`channels`: the names of those that are set up."""
        self._log = log
        self._sinks = sinks
        self._workers = workers
        self._channels = frozenset(channels)
        self._going_on: dict[str, str] | None = None
        self._seen: dict[str, Sighting] = {}
        self._noted: deque[str] = deque(maxlen=_GAPS)  # events are offered again after an error

    def forget(self) -> None:
        """Read again what is written down: another worker may have written it."""
        self._going_on = None

    def note_gaps(self, entries: Iterable[Entry], index: RuleIndex) -> None:
        """Write down gaps, if a rule wants troubles.

        Raises:
            StoreUnavailable: some may not be written; call it again.

        """
        for notice in (entry.notice for entry in entries):
            if notice.kind == "gap" and index.may_tell_trouble and notice.id not in self._noted:
                self._log.happened(*trouble_of_gap(notice))
                self._noted.append(notice.id)

    def look(self, index: RuleIndex, waiting: Iterable[SubscriptionRow]) -> bool:
        """Look for troubles; returns whether any began or ended. Raises as `note_gaps`."""
        if not (index.rules or index.unreadable or self._going_on):
            return False
        if self._going_on is None:
            self._going_on = self._log.going_on()
        found = troubles.of_rules(index.rules.values(), self._channels)
        found |= troubles.of_unreadable(index.unreadable.values())
        found |= troubles.of_waiting(waiting, index.rules, time.time())
        if index.may_tell_trouble:
            found |= troubles.of_sinks(self._sinks(), self._going_on)
            found |= self._silent_workers()
        changes = troubles.changes(found, self._going_on)
        for one in changes:
            if one.begins:
                self._log.begin(one.about, one.text)
                self._going_on[one.about] = one.text
            else:
                self._log.end(one.about, one.text)
                del self._going_on[one.about]
        return bool(changes)

    def _silent_workers(self) -> dict[str, str]:
        now = time.monotonic()
        counters = {row.owner: row.counter for row in self._workers()}
        self._seen = observe_all(self._seen, counters, now)
        return troubles.of_workers({name: one.still_for(now) for name, one in self._seen.items()})
