"""The subscriptions of a deployment in memory, and what becomes of their messages. No I/O, no lock.

Those at the head are known only while they have something to send.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from app.core.rules.rule import Recipient, Rule, subscription_id
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionChanged, SubscriptionRow
from worker.notifications.messages.sending import Sent
from worker.notifications.state.counts import Counts
from worker.notifications.state.log_lines import dropped_line, given_up_line
from worker.notifications.state.rates import Rates
from worker.notifications.state.rule_book import RuleBook
from worker.notifications.state.stored_row import has_moved, is_stale, row_of
from worker.notifications.state.subscription import Subscription
from worker.notifications.state.waiting import Entry, Places, Waiting

_REMEMBERED = 20_000  # deliveries that are known, so that no repeat of them is sent


@dataclass(slots=True)
class Changes:
    """What has to be written so that the rows keep what waits."""

    puts: list[tuple[Subscription, SubscriptionRow]] = field(default_factory=list)
    deletes: list[tuple[Subscription, SubscriptionRow]] = field(default_factory=list)
    dropped: list[SubscriptionRow] = field(default_factory=list)


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
        self._is_singly = is_singly
        self._rates = rates
        self._zone = zone
        self._known: dict[str, Subscription] | None = None  # None: the rows were not read yet
        self._dropped: list[SubscriptionRow] = []
        self._sent: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._moved: dict[str, Subscription] = {}  # whose rows may have to be written

    @property
    def is_loaded(self) -> bool:
        """Whether the rows were read."""
        return self._known is not None

    @property
    def all(self) -> list[Subscription]:
        """Every subscription that is known."""
        return list((self._known or {}).values())

    @property
    def rows(self) -> list[SubscriptionRow]:
        """What waits now, as rows."""
        return [row for one in self.all if (row := row_of(one)) is not None]

    def load(self, rows: Iterable[SubscriptionRow], now_ms: int) -> None:
        """Take over the rows of all subscriptions that are behind."""
        self._known, self._dropped = {}, []
        for row in rows:
            found = self._book.find(row.rule_id, row.recipient_id)
            if found is None:
                self._drop(row, [], now_ms)
            else:
                self._subscription(*found).load(row)

    def adopt(self, rows: Iterable[SubscriptionRow]) -> None:
        """Take over rows that are not known: another worker stored them with its last breath."""
        for row in rows:
            found = self._book.find(row.rule_id, row.recipient_id)
            if found is not None and self._known is not None:
                one = self._subscription(*found)
                if one.stored is None:
                    one.load(row)

    def note_slow(self, one: Subscription, now: float) -> None:
        """A call takes long: the recipient's other subscriptions wait until it has ended."""
        self._rates.slow(one.recipient.id, now)

    def forget(self) -> None:
        """The rows have to be read again."""
        self.life += 1
        self._known, self._dropped, self._moved = None, [], {}

    def knows(self, one: Subscription) -> bool:
        """Whether this is still the subscription, and not one that was dropped or forgotten."""
        return self._known is not None and self._known.get(one.id) is one

    def has_sent(self, one: Subscription, entry: Entry) -> bool:
        """Whether the notice was sent lately."""
        return (one.id, entry.notice.id) in self._sent

    def offer(self, entries: Sequence[Entry], now: float) -> list[Subscription]:
        """Let notices wait for all who want them; returns the subscriptions.

        Raises:
            SubscriptionChanged: the rows have to be read first.

        """
        touched: dict[str, Subscription] = {}
        for entry in entries:
            for rule, recipient in self._book.matches(entry.notice):
                known = subscription_id(rule.id, recipient.id), entry.notice.id
                if known not in self._sent:
                    one = self._subscription(rule, recipient)
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
        if self.knows(one):
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
        return one.take(now, self._rates, self._zone) if self.knows(one) else None

    def settle(self, one: Subscription, taken: Waiting, sent: Sent, now: float) -> None:
        """Apply how a message ended."""
        line = sent.line
        self._moved[one.id] = one
        if sent.kind == "not_now":
            wait = sent.retry_after
            if one.failed(sent.text, now, self._rates, self._zone, wait):
                self._note_sent(one, taken)
                line = line and given_up_line(line)
        else:
            self._note_sent(one, taken)
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
            if self.knows(one):
                self._remove(one, now)

    def changes(self, some: Iterable[Subscription] | None, now: float) -> Changes:
        """What has to be written for some subscriptions; None: those whose messages have ended.

        Raises:
            SubscriptionChanged: the rows have to be read first.

        """
        if self._known is None:
            raise SubscriptionChanged
        found = Changes(dropped=self._dropped)
        if some is None:
            some, self._moved = list(self._moved.values()), {}
        for one in filter(self.knows, some):
            row = row_of(one)
            if not is_stale(one, row, now):
                self._forget_idle(one)
                if row is not None and has_moved(one, row):
                    self._moved[one.id] = one  # later: rows that only move on are written seldom
            elif row is not None:
                one.why = one.why or row.why
                found.puts.append((one, row))
            elif one.stored is not None:
                found.deletes.append((one, one.stored))
        return found

    def written(self, changes: Changes, stored: Sequence[SubscriptionRow], now: float) -> None:
        """Note that the changes are stored; `stored`: the rows of `puts`."""
        self._dropped = self._dropped[len(changes.dropped) :]
        for (one, _), row in zip(changes.puts, stored, strict=True):
            one.stored, one.saved_at = row, now
        for one, _ in changes.deletes:
            one.stored = None
            self._forget_idle(one)

    def unwritten(self, changes: Changes) -> None:
        """Note that the changes may not be stored: they are to be written later."""
        self._moved |= {one.id: one for one, _ in [*changes.puts, *changes.deletes]}

    def _subscription(self, rule: Rule, recipient: Recipient) -> Subscription:
        if self._known is None:
            raise SubscriptionChanged
        identifier = subscription_id(rule.id, recipient.id)
        one = self._known.get(identifier)
        if one is None:
            one = Subscription(rule, recipient, self._is_singly(recipient))
            self._known[identifier] = one
        return one

    def _note_sent(self, one: Subscription, taken: Waiting) -> None:
        for entry in taken.entries:
            self._sent[one.id, entry.notice.id] = None
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    def _remove(self, one: Subscription, now: float) -> None:
        """Send a subscription nothing more."""
        if self._known is not None:
            del self._known[one.id]
        if (row := one.stored or row_of(one)) is not None:
            self._drop(row, one.waiting.entries, int(now * 1000))

    def _drop(self, row: SubscriptionRow, entries: Sequence[Entry], now_ms: int) -> None:
        self._dropped = [*self._dropped, row]
        if row.rule_id in self._book.index.rules:  # else nobody can read its log any more
            self.lines.append(dropped_line(row, entries, now_ms))

    def _forget_idle(self, one: Subscription) -> None:
        is_idle = not (one.running or one.is_behind or one.stored)
        if is_idle and self._known is not None and self.knows(one):
            del self._known[one.id]
