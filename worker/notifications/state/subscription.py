"""A subscription in memory: what waits, since when, and when it is tried. No I/O, no lock.

Notices are sent one by one while it is at the head. Those that wait become one digest, or are sent
one by one to a program. Times are in seconds since 1970.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.core.rules.rule import Recipient, Rule, subscription_id
from app.notifications.schedule import next_send, quiet_until
from app.store.feed.cursor import before, parse_cursor
from app.store.notifications.subscriptions import SubscriptionRow, Why
from app.store.timeline.position import Position, decoded
from worker.notifications.state.rates import Rates
from worker.notifications.state.waiting import KEPT, Entry, Places, Source, Waiting, lowest

GIVES_UP = 3 * 24 * 3600  # seconds after which a program's message is rejected
MOST_SINGLE = KEPT - 1  # messages for a program; one more may come back from a failed call
_DONE = 500  # events after the first waiting one that a row can name
_PLANNED: frozenset[Why] = frozenset({"digest", "quiet", "capped"})


@dataclass(slots=True)
class Subscription:
    """One rule and one recipient.

    `singly`: each notice is a message of its own, because a program receives it. `rest`: notices
    from these places on are to be read again; what is offered meanwhile is `held`, and from
    `spilled` on it is not even that. `running`: a thread sends for it. `why`: why notices wait;
    None: they are sent now.
    """

    rule: Rule
    recipient: Recipient
    singly: bool = False
    stored: SubscriptionRow | None = None
    waiting: Waiting = field(default_factory=Waiting)
    calling: Waiting | None = None
    is_digest: bool = False
    running: bool = False
    rest: Places = field(default_factory=dict)
    held: Waiting = field(default_factory=Waiting)
    spilled: Places = field(default_factory=dict)
    why: Why | None = None
    due: float = 0.0
    failures: int = 0
    failing_since: float = 0.0
    error: str = ""
    saved_at: float = 0.0
    done: deque[str] = field(default_factory=lambda: deque(maxlen=_DONE))
    skips: Position | None = None
    id: str = field(init=False)  # of its row

    def __post_init__(self) -> None:
        self.id = subscription_id(self.rule.id, self.recipient.id)

    @property
    def is_behind(self) -> bool:
        """Whether any notice waits, or is being sent."""
        return bool(len(self.waiting) or self.calling or self.rest or len(self.held))

    @property
    def places(self) -> Places:
        """From where everything that waits can be read again."""
        called = {} if self.calling is None else self.calling.first
        return lowest(called, self.waiting.first, self.held.first, self.rest, self.spilled)

    def load(self, row: SubscriptionRow) -> None:
        """Take over a stored row: what waits has to be read again."""
        self.stored = row
        places: dict[Source, str] = {
            "events": row.events,
            "alerts": row.alerts,
            "troubles": row.troubles,
        }
        self.rest = {source: place for source, place in places.items() if place}
        if row.events:
            self.skips = decoded(before(parse_cursor(row.events).ms), row.taken)
        self.why, self.due = row.why, row.due_at / 1000
        self.failures, self.failing_since = row.failures, row.failing_since / 1000
        self.error = row.error

    def read_from(self, places: Places) -> None:
        """What is from these places on has to be read again, also what is before `rest`."""
        if "events" in places and "events" not in self.rest:
            self.skips = None
        self.rest = lowest(self.rest, places)

    def offer(self, entry: Entry) -> None:
        """Let a notice wait, in order."""
        known = entry.notice.id
        if known in self.waiting or (self.calling is not None and known in self.calling):
            return
        if self.rest:
            if not self.held.full:
                self.held.add(entry)
            elif known not in self.held:
                self.spilled = lowest(self.spilled, {entry.source: entry.place})
        elif self.singly and len(self.waiting) >= MOST_SINGLE:
            self.rest = {entry.source: entry.place}
        else:
            self.waiting.add(entry)

    def begin_reading(self) -> None:
        """What was spilled is read, too, where that is from before it: it must not count twice."""
        self.spilled = {
            source: place
            for source, place in self.spilled.items()
            if source not in self.rest or place < self.rest[source]
        }

    def lacks(self, source: Source, place: str) -> bool:
        """Whether the notice at this place, which was read again, is one that waits."""
        if source not in self.rest or place < self.rest[source]:
            return False
        if source != "events" or self.skips is None:
            return True
        cursor = parse_cursor(place)
        return cursor.ms <= self.skips.settled.ms or not self.skips.has(cursor)

    def fill(self, resume: Places, has_sent: Callable[[Entry], bool]) -> None:
        """What was read again waits by now; `resume`: from where more is unread (nowhere: all)."""
        held, spilled = self.held, self.spilled
        self.held, self.spilled = Waiting(), {}
        if resume:
            self.rest = lowest(resume, held.first, spilled)
            return
        self.rest, self.skips = {}, None
        for entry in held.entries:
            if not has_sent(entry):
                self.offer(entry)
        self.rest = lowest(self.rest, spilled)

    def unread(self) -> None:
        """Read again what waits, because not all was read."""
        if self.rest:
            self.rest = lowest(self.rest, self.waiting.first)
            self.waiting = Waiting()

    def schedule(self, now: float, rates: Rates, zone: ZoneInfo) -> None:
        """Decide when what waits is sent, if that is not decided yet."""
        if self.why is not None:
            return
        moment = next_send(self.rule.when, datetime.fromtimestamp(now, UTC), zone)
        if moment is not None:
            self.why = "quiet" if self.rule.when.mode == "at_once" else "digest"
            self.due = moment.timestamp()
        elif rates.is_failing(self.recipient.id, now):
            self._wait("failing", rates.opens(self.recipient.id, now, capped=False), zone)
        else:
            self.due = now

    def reschedule(self, now: float, rates: Rates, zone: ZoneInfo) -> None:
        """Decide again after the rule was edited."""
        if self.why in _PLANNED:
            self.why = None
            self.schedule(now, rates, zone)
            self.why = self.why or "quiet"  # what has waited is still one digest

    def take(self, now: float, rates: Rates, zone: ZoneInfo) -> Waiting | None:
        """The notices of the next message, if it is sent now; it is then being called."""
        is_unread = bool(self.rest) and not self.singly
        if self.calling is not None or not len(self.waiting) or is_unread or now < self.due:
            return None
        opens = rates.opens(self.recipient.id, now, capped=not self.singly)
        if opens > now:
            failing = rates.is_failing(self.recipient.id, now)
            self._wait("failing" if failing else "capped", opens, zone)
            return None
        planned = self.why in _PLANNED or self.rule.when.mode != "at_once"
        several = self.why is not None and len(self.waiting) > 1
        waited = planned or several or self.waiting.folded > 0
        self.is_digest = waited and not self.singly
        self.calling = self.waiting.take(None if self.is_digest else 1)
        rates.sending(self.recipient.id, now)
        return self.calling

    def end_call(self) -> None:
        """The thread ended by an error in our own code; what it had taken waits again."""
        if self.calling is not None:
            self.waiting.put_back(self.calling)
            self.calling = None
        self.running = False

    def ended(self, now: float, rates: Rates, zone: ZoneInfo) -> None:
        """The message that is called was accepted, or rejected for good."""
        self._finish()
        self.failures, self.failing_since, self.error = 0, 0.0, ""
        if not (len(self.waiting) or self.rest):
            self.why, self.due = None, 0.0
        elif self.rule.when.mode == "at_once":
            if self.stored is None:
                self.why, self.due = None, now
            else:  # what has come meanwhile is the next digest, or comes one by one to a program
                self.why, self.due = "slow", now
        elif not self.singly:  # a program gets the rest of its digest at once
            self.why, self.due = None, 0.0
            self.schedule(now, rates, zone)

    def failed(
        self,
        error: str,
        now: float,
        rates: Rates,
        zone: ZoneInfo,
        retry_after: float | None = None,
    ) -> bool:
        """The message that is called was not accepted now; returns whether it is given up."""
        self.failures += 1
        self.failing_since = self.failing_since or now
        self.error = error
        again = rates.failed(self.recipient.id, self.failures, now, retry_after)
        first_at = 0 if self.calling is None else self.calling.first_at
        since = max(self.failing_since, first_at / 1000)
        gives_up = self.singly and now - since > GIVES_UP
        if gives_up:
            self._finish()
        elif self.calling is not None:
            self.waiting.put_back(self.calling)
            self.calling = None
        self._wait("failing", again, zone)
        return gives_up

    def try_again(self, now: float, zone: ZoneInfo) -> None:
        """The recipient is back: what failed waits for the end of quiet hours at most."""
        if self.why == "failing":
            self._wait("failing", now, zone)

    def _finish(self) -> None:
        if self.calling is not None:
            self.done.extend(
                entry.place for entry in self.calling.entries if entry.source == "events"
            )
        self.calling = None

    def _wait(self, why: Why, until: float, zone: ZoneInfo) -> None:
        quiet = quiet_until(self.rule.when, datetime.fromtimestamp(until, UTC), zone)
        self.why, self.due = why, until if quiet is None else quiet.timestamp()
