"""What is offered is sent, or stored as waiting, before `offer` returns: a crash loses nothing.

The order of steps is the promise. A notice waits in memory; it is sent, or its subscription gets a
row; only then does the caller move its own cursor on. A row is deleted only when nothing waits any
more. So at each moment a notice is before the caller's cursor, in a row's reach, or sent.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from app.core.errors import StoreUnavailable
from app.store.notifications.subscriptions import SubscriptionChanged, SubscriptionRow
from app.store.notifications.totals import RuleTotal
from worker.notifications.call_threads import CallThreads
from worker.notifications.messages.sending import Sender
from worker.notifications.state.roster import Roster
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.subscription import Subscription
from worker.notifications.state.waiting import Entry, Places
from worker.notifications.stores import Stores

WAIT = 2.0  # seconds for the calls of one batch; the sink's lease lasts 10 s
HELD = 10.0  # seconds for which the lease is believed in after the last sign of it
_MOST_LINES = 2_000  # of the delivery log, that could not be stored yet

_log = logging.getLogger(__name__)


class Dispatch:
    """Sends for the subscriptions, while this process holds their lease; thread-safe."""

    def __init__(
        self,
        roster: Roster,
        book: RuleBook,
        stores: Stores,
        sender: Sender,
        threads: CallThreads,
        now: Callable[[], float] = time.time,
        wait: float = WAIT,
    ) -> None:
        """`now`: seconds since 1970."""
        self._roster = roster
        self._book = book
        self._stores = stores
        self._sender = sender
        self._threads = threads
        self._now = now
        self._wait = wait
        self._lock = threading.Condition()
        self._writing = threading.Lock()
        self._held_until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether this process may send."""
        return self._now() < self._held_until

    def hold(self) -> bool:
        """The sink's lease is held; returns whether it was before: if not, rows may differ."""
        held = self.is_held
        if not held:
            self.forget()
        self._held_until = self._now() + HELD
        return held

    def load(self) -> None:
        """Read the rows, unless they are known; raises as `offer`."""
        with self._writing:
            if not self._roster.is_loaded:
                rows = self._stores.subscriptions.all()
                # Afterwards, so that a row whose rule is not among them is of a deleted one.
                self._book.refresh()
                with self._lock:
                    self._roster.load(rows, int(self._now() * 1000))

    def adopt(self) -> None:
        """Take over rows that a worker stored after it had lost the lease; raises as `offer`."""
        with self._writing:
            rows = self._stores.subscriptions.all()
            with self._lock:
                self._roster.adopt(rows, self._now())

    def forget(self) -> None:
        """Read the rows again before the next step: another worker may have written them."""
        with self._lock:
            self._roster.forget()

    def offer(self, entries: Sequence[Entry]) -> None:
        """Send notices to all who want them; what is not sent within 2 s is stored as waiting.

        Raises:
            StoreUnavailable, SubscriptionChanged: offer all of them again.

        """
        if not self._roster.is_loaded:
            self.load()
        with self._lock:
            now, life = self._now(), self._roster.life
            touched = self._roster.offer(entries, now)
            for one in touched:
                self._begin(one, now)
            at_head = [one for one in touched if one.running and one.stored is None]
            self._lock.wait_for(lambda: not any(one.running for one in at_head), self._wait)
            for one in at_head:
                if one.running and one.calling is not None:
                    self._roster.note_slow(one, self._now())
        self.flush(touched, life)
        self.write_log()

    def begin_due(self) -> None:
        """Start the calls that are due."""
        with self._lock:
            for one in self._roster.all:
                self._begin(one, self._now())

    def follow_rules(self) -> None:
        """Apply rules that were read again."""
        with self._lock:
            self._roster.follow_rules(self._now())

    def unread(self) -> list[Subscription]:
        """Those whose notices have to be read again now."""
        with self._lock:
            group = self._roster.unread(self._now())
            for one in group:
                one.begin_reading()
            return group

    def add_read(self, one: Subscription, entry: Entry) -> None:
        """Let a notice wait that was read again."""
        with self._lock:
            one.held.discard(entry.notice.id)
            if not self._roster.has_sent(one, entry):
                one.waiting.add(entry)

    def start_reading_again(self, some: Iterable[Subscription]) -> None:
        """Forget what waits of those that were being read again."""
        with self._lock:
            for one in some:
                one.unread()

    def end_reading(self, ended: Sequence[tuple[Subscription, Places]]) -> None:
        """Note from where more is unread (nowhere: all was read); raises as `offer`."""
        with self._lock:
            for one, resume in ended:
                self._roster.fill(one, resume)
        self.flush([one for one, _ in ended])

    def flush(self, some: Iterable[Subscription] | None = None, life: int | None = None) -> None:
        """Store what waits, and delete the rows of those for which nothing does.

        `some`: None for those whose messages have ended. `life`: the roster's when notices were
        given to `some`; if all was forgotten since, so were these. Raises as `offer`.
        """
        rows = self._stores.subscriptions
        with self._writing:
            with self._lock:
                now = self._now()
                if life not in {None, self._roster.life}:
                    raise SubscriptionChanged
                changes = self._roster.changes(some, now)
            try:
                rows.delete(changes.deleted)
                stored = rows.save(changes.written)
            except SubscriptionChanged:
                self.forget()
                raise
            except StoreUnavailable:
                with self._lock:
                    self._roster.unwritten(changes)
                raise
            with self._lock:
                if self._roster.is_loaded:
                    self._roster.written(changes, stored, now)

    def write_log(self) -> None:
        """Store lines of the delivery log, as far as that is possible now."""
        with self._lock:
            lines, self._roster.lines = self._roster.lines, []
        try:
            self._stores.log.add(lines)
        except StoreUnavailable as error:
            _log.warning("%d lines of the delivery log wait: %s", len(lines), error)
            with self._lock:
                self._roster.lines = (lines + self._roster.lines)[-_MOST_LINES:]

    def release(self, seconds: float) -> None:
        """Wait for running calls, store what waits, and send nothing more until `hold`."""
        with self._lock:
            self._lock.wait_for(lambda: not any(one.running for one in self._roster.all), seconds)
        try:
            self.flush()
        except (StoreUnavailable, SubscriptionChanged) as error:
            _log.warning("some notifications may be sent again: %r", error)
        self.write_log()
        self._held_until = 0.0
        self.forget()

    @property
    def gone(self) -> deque[tuple[str, str, str]]:
        """The rules and recipients to be disabled, and why; whoever has done so removes them."""
        return self._roster.gone

    def rows(self) -> list[SubscriptionRow]:
        """What waits now, as rows."""
        with self._lock:
            return self._roster.rows

    def totals(self) -> list[RuleTotal]:
        """What rules sent by each channel, and what waits."""
        with self._lock:
            return self._roster.counts.totals(self._roster.rows, self._book.index.rules)

    def _begin(self, one: Subscription, now: float) -> None:
        """Let a thread send for a subscription, if anything is due."""
        blocked = one.rest and not one.singly
        if one.running or not len(one.waiting) or blocked or now < one.due:
            return
        one.running = True
        is_behind = one.stored is not None
        self._threads.call(one.recipient.id, lambda: self._send_due(one), is_behind=is_behind)

    def _send_due(self, one: Subscription) -> None:
        try:
            while self._send_next(one):
                pass
        except BaseException:
            with self._lock:
                one.end_call()
                self._lock.notify_all()
            raise

    def _send_next(self, one: Subscription) -> bool:
        """Send the next message; returns False if none is due."""
        with self._lock:
            taken = self._roster.take(one, self._now()) if self.is_held else None
            if taken is None:
                one.running = False
                self._lock.notify_all()
                return False
            rule, recipient, tries = one.rule, one.recipient, one.failures + 1
            is_digest = one.is_digest
        sent = self._sender.send(rule, recipient, taken, tries, is_digest=is_digest)
        with self._lock:
            self._roster.settle(one, taken, sent, self._now())
        return True
