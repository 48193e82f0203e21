"""The sink `notifications`: it reads the timeline once for all rules.

Between the reads, one thread starts what is due and looks at the logs of alerts and troubles, and
another one reads again what subscriptions lack. Both rest unless the sink's lease is held.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.notifications.sources import of_event
from app.observability.metrics import NOTICES_WAITING
from app.runtime.retry import pause
from app.store.feed.cursor import Cursor, before
from app.store.notifications.rule_errors import (
    RecipientNotFound,
    RuleNotFound,
    RuleUnreadable,
)
from app.store.notifications.rules import RuleRepository
from app.store.notifications.subscriptions import SubscriptionChanged
from app.store.notifications.totals import NoticeTotals, RuleTotal
from worker.consumers.sink import Placed, Rejected, Sink, Unavailable
from worker.notifications.call_threads import CallThreads
from worker.notifications.catch_up import CatchUp, NotHeld
from worker.notifications.dispatch import Dispatch
from worker.notifications.log_head import LogHead
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.waiting import Entry
from worker.notifications.timetable import Timetable
from worker.notifications.trouble_watch import TroubleWatch

NAME = "notifications"
ACTOR = "stockpulse"  # in the admin trail
POLL = 15.0  # seconds between reads without a hint, as for the alerts
CLOCK = 2.0  # seconds between signs that the lease is held
TICK = 0.25  # seconds
ENDS_IN = 3.0  # seconds for calls that run when the process ends
_CLOCKS_MS = (
    10_000  # by which clocks may differ: an event does not arrive earlier before its change
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the sink is made of."""

    book: RuleBook
    rules: RuleRepository
    dispatch: Dispatch
    catch_up: CatchUp
    heads: Sequence[LogHead]
    troubles: TroubleWatch
    threads: CallThreads
    totals: NoticeTotals
    names: AttributeNames


class Notifier:
    """The sink's two functions, and its threads, which start when its lease is first held."""

    def __init__(self, parts: Parts, tick: float = TICK) -> None:
        self._parts = parts
        self._tick = tick
        self._ending = threading.Event()
        self._times = Timetable(time.monotonic)
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._error = ""
        self._totals: list[RuleTotal] | None = None  # as they were stored

    def sink(self) -> Sink:
        """The sink named `notifications`."""
        return Sink(
            NAME,
            lambda events: self.deliver([(None, event) for event in events]),
            poll=POLL,
            internal=True,
            wants=lambda event: event.kind != "internal",
            clock=self.pass_time,
            deliver_placed=self.deliver,
            left=self.leave,
            begins=self._parts.book.begins,
        )

    def deliver(self, events: Sequence[Placed]) -> list[Rejected]:
        """Send what rules want of events, or store it as waiting.

        Raises:
            Unavailable: neither is certain; deliver all of them again.

        """
        self._hold()
        parts = self._parts
        try:
            self._refresh()
            if parts.book.index.rules or parts.book.index.unreadable:
                entries = [entry for one in events if (entry := self._entry(*one))]
                parts.troubles.note_gaps(entries, parts.book.index)
                parts.dispatch.offer(entries)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error
        except SubscriptionChanged:
            raise Unavailable("another worker has sent notifications meanwhile") from None
        self._times.soon("logs", 1.0)  # the alerts of these events are stored about now
        return []

    def pass_time(self, _until: int) -> float:
        """Let the threads work on; see `Sink.clock`.

        Raises:
            StoreUnavailable: they cannot work; the error is shown as the sink's.

        """
        self._hold()
        if self._error:
            raise StoreUnavailable(self._error)
        return CLOCK

    def leave(self) -> None:
        """End the threads, after the calls that run have ended; those that have not, have rows."""
        with self._starting:
            threads, self._threads = self._threads, []
            self._ending.set()
        if not threads:
            return
        try:
            self._parts.dispatch.release(ENDS_IN)
        finally:
            self._parts.threads.end()
            for thread in threads:
                thread.join(ENDS_IN)
            NOTICES_WAITING.note({})

    def _hold(self) -> None:
        parts = self._parts
        if not parts.dispatch.hold():
            for head in parts.heads:
                head.forget()
            parts.troubles.forget()
        with self._starting:
            if self._threads:
                return
            self._ending = threading.Event()
            for name, step in (("notify-desk", self._step), ("notify-reader", self._read)):
                loop = (step, self._ending)
                self._threads.append(
                    threading.Thread(target=self._loop, args=loop, name=name, daemon=True)
                )
            for thread in self._threads:
                thread.start()

    def _entry(self, cursor: Cursor | None, event: ChangeEvent) -> Entry | None:
        # A dead letter that is delivered again is found from a place before its event.
        occurred = int(event.occurred_at.timestamp() * 1000)
        place = before(occurred - _CLOCKS_MS) if cursor is None else cursor
        at_ms = occurred if cursor is None else cursor.ms
        notice = of_event(event, at_ms, self._parts.names)
        return None if notice is None else Entry("events", str(place), notice)

    def _refresh(self) -> None:
        book, dispatch = self._parts.book, self._parts.dispatch
        unreadable = book.index.unreadable.keys()
        if not book.refresh():
            return
        if book.index.unreadable.keys() != unreadable:
            dispatch.forget()  # what a rule has to be sent is loaded, or left alone, with its rows
            self._times.soon("troubles", 0.0)
        else:
            dispatch.follow_rules()

    def _loop(self, step: Callable[[], None], ending: threading.Event) -> None:
        failures, wait = 0, 0.0
        while not ending.wait(wait):
            if not self._parts.dispatch.is_held:
                wait = self._tick
                continue
            try:
                step()
            except StoreUnavailable as error:
                failures += 1
                wait, self._error = pause(failures), error.detail
            except (SubscriptionChanged, NotHeld):
                wait = 1.0
            except Exception:  # noqa: BLE001 - the thread goes on
                failures += 1
                wait = pause(failures)
                _log.exception("notifications: a step failed, and is repeated")
            else:
                failures, wait, self._error = 0, self._tick, ""

    def _read(self) -> None:
        self._parts.catch_up.run()

    def _step(self) -> None:
        parts, times = self._parts, self._times
        if times.is_due("rules", 15.0 if not parts.book.index.rules else 5.0):
            self._refresh()
        parts.dispatch.load()
        parts.dispatch.begin_due()
        parts.dispatch.flush()
        parts.dispatch.write_log()
        self._disable_gone()
        if times.is_due("logs", 5.0):
            for head in parts.heads:
                head.poll(parts.book, parts.dispatch.offer)
        if times.is_due("troubles", 30.0) and parts.troubles.look(
            parts.book.index, parts.dispatch.rows()
        ):
            times.soon("logs", 0.0)
        if parts.book.index.rules and times.is_due("rows", 60.0):
            parts.dispatch.adopt()
        if times.is_due("totals", 10.0):
            self._note_totals()

    def _disable_gone(self) -> None:
        gone = self._parts.dispatch.gone
        if not gone:
            return
        while gone:
            rule_id, recipient_id, why = gone[0]
            # A recipient of a rule that cannot be read says so again to whoever can read it.
            with suppress(RuleNotFound, RecipientNotFound, RuleUnreadable):
                self._parts.rules.disable(rule_id, recipient_id, why, ACTOR)
            gone.popleft()
        self._refresh()
        self._times.soon("troubles", 0.0)

    def _note_totals(self) -> None:
        totals = self._parts.dispatch.totals()
        NOTICES_WAITING.note(
            {
                (one.channel, one.rule_id): (one.waiting, one.oldest_ms)
                for one in totals
                if one.waiting
            }
        )
        if totals != self._totals and (self._parts.book.index.rules or self._totals):
            self._parts.totals.save(totals)
            self._totals = totals
