"""Notices and subscriptions for the tests of what is pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.core.rules.rule import Recipient, Rule, What, When
from app.notifications.notice import Notice
from app.store.feed.cursor import Cursor
from worker.notifications.state.rates import Rates
from worker.notifications.state.subscription import Subscription
from worker.notifications.state.waiting import Entry, Source

NOW = 1_800_000_000.0  # seconds: 2027-01-15 08:00 in UTC
ZONE = ZoneInfo("UTC")
ANN = Recipient("mail", "ann")


def entry(number: int, source: Source = "events", product_id: str = "p") -> Entry:
    """The notice of one event, a millisecond after the one before."""
    ms = int(NOW * 1000) + number
    at = datetime.fromtimestamp(ms / 1000, UTC)
    place = str(Cursor(ms, "0" * 8, 0))
    return Entry(source, place, Notice(f"n{number}", "inserted", at, ms, product_id))


def a_rule(when: When | None = None, *recipients: Recipient, **fields: object) -> Rule:
    given = Rule("r1", "A rule", What(), recipients or (ANN,), when or When())
    for name, value in fields.items():
        object.__setattr__(given, name, value)
    return given


def subscribed(when: When | None = None, *, singly: bool = False) -> Subscription:
    rule = a_rule(when)
    return Subscription(rule, ANN, singly=singly)


def steady(cap: int = 10) -> Rates:
    """Rates without chance: waits of 5, 10, 20, … seconds after failures."""
    return Rates(cap, jitter=lambda: 1.0)


def taken(one: Subscription, rates: Rates, now: float) -> list[str]:
    """The ids of the notices of the next message; none if none is sent now."""
    found = one.take(now, rates, ZONE)
    return [] if found is None else [each.notice.id for each in found.entries]
