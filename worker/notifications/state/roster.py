"""The subscriptions of a deployment in memory, and what becomes of their messages. No I/O, no lock.

Those at the head are known only while they have something to send.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from app.core.rules.rule import Recipient, subscription_id
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionChanged, SubscriptionRow
from worker.notifications.messages.sending import Sent
from worker.notifications.state.changes import Changes
from worker.notifications.state.counts import Counts
from worker.notifications.state.held_rules import HeldRules, is_held, places_of
from worker.notifications.state.known_subscriptions import KnownSubscriptions
from worker.notifications.state.log_lines import dropped_line, given_up_line
from worker.notifications.state.rates import Rates
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.sent_lately import SentLately
from worker.notifications.state.stored_row import has_moved, is_stale, row_of
from worker.notifications.state.subscription import Subscription
from worker.notifications.state.waiting import Entry, Places, Waiting


class Roster:
    """All subscriptions that are known; `lines` are for the delivery log.

    `gone`: rules and recipients, by their ids, that are to be disabled, and why.
    """

    def __init__(
        self, book: RuleBook, is_singly: Callable[[Recipient], bool], rates: Rates, zone: ZoneInfo
    ) -> None:
        self.lines: list[Delivery] = []
        self.gone: deque[tuple[str, str, str]] = deque()
        self.counts = Counts()
        self.life = 0  # how often all was forgotten
        self._book = book
        self._rates = rates
        self._zone = zone
        self._known = KnownSubscriptions(is_singly)
        self._dropped: list[SubscriptionRow] = []
        self._held = HeldRules()
        self._sent = SentLately()
        self._moved: dict[str, Subscription] = {}  # whose rows may have to be written

    @property
    def is_loaded(self) -> bool:
        """Whether the rows were read."""
        return self._known.is_loaded

    @property
    def all(self) -> list[Subscription]:
        """Every subscription that is known."""
        return self._known.all

    @property
    def rows(self) -> list[SubscriptionRow]:
        """What waits now, as rows."""
        return [row for one in self.all if (row := row_of(one)) is not None]

    def load(self, rows: Sequence[SubscriptionRow], now_ms: int) -> None:
        """Take over the rows of all subscriptions that are behind.

        Those of rules that cannot be read stay as they are.
        """
        self._known.begin()
        self._held.forget()
        self._dropped = []
        for row in rows:
            found = self._book.find(row.rule_id, row.recipient_id)
            if found is not None:
                self._known.make(*found).load(row)
            elif row.rule_id not in self._book.index.unreadable and not is_held(row):
                self._drop(row, [], now_ms)
        self._adopt_held(rows, now_ms / 1000)

    def adopt(self, rows: Sequence[SubscriptionRow], now: float) -> None:
        """Take over rows that are not known: another worker stored them with its last breath."""
        if not self._known.is_loaded:
            return
        for row in rows:
            found = self._book.find(row.rule_id, row.recipient_id)
            if found is not None:
                one = self._known.make(*found)
                if one.stored is None:
                    one.load(row)
        self._adopt_held(rows, now)

    def _adopt_held(self, rows: Iterable[SubscriptionRow], now: float) -> None:
        """Take over the rows of rules that no worker could read; what they keep is read again."""
        for row in rows:
            if not is_held(row) or self._held.knows(row):
                continue
            if row.rule_id in self._book.index.unreadable:
                self._held.keep(row)
                continue
            rule = self._book.index.rules.get(row.rule_id)
            told = rule.reachable if rule is not None and rule.enabled else ()
            found = [self._known.make(rule, one) for one in told if rule is not None]
            for one in found:
                one.read_from(places_of(row))
                one.schedule(now, self._rates, self._zone)
                self._moved[one.id] = one
            self._held.hand_over(row, [one.id for one in found])

    def note_slow(self, one: Subscription, now: float) -> None:
        """A call takes long: the recipient's other subscriptions wait until it has ended."""
        self._rates.slow(one.recipient.id, now)

    def forget(self) -> None:
        """The rows have to be read again."""
        self.life += 1
        self._known.forget()
        self._held.forget()
        self._dropped, self._moved = [], {}

    def has_sent(self, one: Subscription, entry: Entry) -> bool:
        """Whether the notice was sent lately."""
        return self._sent.has(one.id, entry.notice.id)

    def offer(self, entries: Sequence[Entry], now: float) -> list[Subscription]:
        """Let notices wait for all who want them; returns the subscriptions.

        Raises:
            SubscriptionChanged: the rows have to be read first.

        """
        touched: dict[str, Subscription] = {}
        self._held.offer(entries, self._book.index.unreadable)
        for entry in entries:
            for rule, recipient in self._book.matches(entry.notice):
                if not self._sent.has(subscription_id(rule.id, recipient.id), entry.notice.id):
                    one = self._known.make(rule, recipient)
                    one.offer(entry)
                    touched[one.id] = one
        for one in touched.values():
            one.schedule(now, self._rates, self._zone)
        return list(touched.values())

    def follow_rules(self, now: float) -> None:
        """Apply rules that were read again: what waits for nobody any more is dropped."""
        for one in self.all:
            found = self._book.find(one.rule.id, one.recipient.id)
            if found is None:
                self._remove(one, now)
            elif found[0].version != one.rule.version:
                one.rule, one.recipient = found
                one.reschedule(now, self._rates, self._zone)
                self._moved[one.id] = one

    def fill(self, one: Subscription, resume: Places) -> None:
        """What was read again waits by now; `resume`: from where more is unread."""
        if self._known.knows(one):
            one.fill(resume, lambda entry: self.has_sent(one, entry))

    def unread(self, now: float) -> list[Subscription]:
        """Those whose notices have to be read again; none if no call waits for that."""
        unread = [
            one
            for one in self.all
            if one.rest and not (one.singly and (len(one.waiting) or one.calling))
        ]
        return unread if any(one.due <= now for one in unread) else []

    def take(self, one: Subscription, now: float) -> Waiting | None:
        """The notices of the next message, if it is sent now."""
        return one.take(now, self._rates, self._zone) if self._known.knows(one) else None

    def settle(self, one: Subscription, taken: Waiting, sent: Sent, now: float) -> None:
        """Apply how a message ended."""
        line = sent.line
        self._moved[one.id] = one
        if sent.kind == "not_now":
            wait = sent.retry_after
            if one.failed(sent.text, now, self._rates, self._zone, wait):
                self._sent.note(one.id, taken.entries)
                line = line and given_up_line(line)
        else:
            self._sent.note(one.id, taken.entries)
            one.ended(now, self._rates, self._zone)
            if self._rates.succeeded(one.recipient.id):  # its other subscriptions wait no longer
                for other in self.all:
                    if other.recipient.id == one.recipient.id:
                        other.try_again(now, self._zone)
        if line is not None:
            self.lines.append(line)
            self.counts.note(line)
        if sent.kind == "gone":
            self.gone.append((one.rule.id, one.recipient.id, sent.text))
            if self._known.knows(one):
                self._remove(one, now)

    def changes(self, some: Iterable[Subscription] | None, now: float) -> Changes:
        """What has to be written for some subscriptions; None: those whose messages have ended.

        Raises:
            SubscriptionChanged: the rows have to be read first.

        """
        if not self._known.is_loaded:
            raise SubscriptionChanged
        found = Changes(held=self._held.unsaved, dropped=self._dropped, over=self._held.over)
        if some is None:
            some, self._moved = list(self._moved.values()), {}
        for one in filter(self._known.knows, some):
            row = row_of(one)
            if not is_stale(one, row, now):
                self._held.reaches(one.id)
                self._known.remove_idle(one)
                if row is not None and has_moved(one, row):
                    self._moved[one.id] = one  # later: rows that only move on are written seldom
            elif row is not None:
                one.why = one.why or row.why
                found.puts.append((one, row))
            elif one.stored is not None:
                found.deletes.append((one, one.stored))
        return found

    def written(self, changes: Changes, stored: Sequence[SubscriptionRow], now: float) -> None:
        """Note that the changes are stored; `stored`: the rows that were written."""
        self._dropped = self._dropped[len(changes.dropped) :]
        self._held.over = self._held.over[len(changes.over) :]
        for (one, _), row in zip(changes.puts, stored, strict=False):
            one.stored, one.saved_at = row, now
            self._held.reaches(one.id)
        self._held.saved(stored[len(changes.puts) :])
        for one, _ in changes.deletes:
            one.stored = None
            self._held.reaches(one.id)
            self._known.remove_idle(one)

    def unwritten(self, changes: Changes) -> None:
        """Note that the changes may not be stored: they are to be written later."""
        self._moved |= {one.id: one for one, _ in [*changes.puts, *changes.deletes]}

    def _remove(self, one: Subscription, now: float) -> None:
        """Send a subscription nothing more."""
        self._held.reaches(one.id)
        self._known.remove(one)
        if (row := one.stored or row_of(one)) is not None:
            self._drop(row, one.waiting.entries, int(now * 1000))

    def _drop(self, row: SubscriptionRow, entries: Sequence[Entry], now_ms: int) -> None:
        self._dropped = [*self._dropped, row]
        if row.rule_id in self._book.index.rules:  # else nobody can read its log any more
            self.lines.append(dropped_line(row, entries, now_ms))
