"""The row of a subscription keeps from where its waiting notices are read again. No I/O.

It is written when notices begin to wait, and when they are tried; not for each notice that waits.
"""

from app.store.feed.cursor import before, parse_cursor
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.timeline.position import Position
from worker.notifications.state.subscription import Subscription
from worker.notifications.state.waiting import Waiting

SAVED_EVERY = 5.0  # seconds between two writes of a row that only moves on


def row_of(one: Subscription) -> SubscriptionRow | None:
    """The row that keeps what waits; None: nothing does."""
    if not one.is_behind:
        return None
    stored, places = one.stored, one.places
    groups = [one.waiting, one.held, one.calling or Waiting()]
    count = sum(map(len, groups))
    first_at = min(filter(None, (group.first_at for group in groups)), default=0)
    if one.rest and stored is not None and stored.first_at:
        first_at, count = min(first_at or stored.first_at, stored.first_at), count or stored.waiting
    events = places.get("events", "")
    return SubscriptionRow(
        id=one.id,
        rule_id=one.rule.id,
        recipient_id=one.recipient.id,
        channel=one.recipient.channel,
        address=one.recipient.address,
        events=events,
        taken=_taken(one, events),
        alerts=places.get("alerts", ""),
        troubles=places.get("troubles", ""),
        why=one.why or "slow",
        due_at=int(one.due * 1000),
        first_at=first_at,
        waiting=count,
        failures=one.failures,
        failing_since=int(one.failing_since * 1000),
        error=one.error,
        version=0 if stored is None else stored.version,
    )


def is_stale(one: Subscription, row: SubscriptionRow | None, now: float) -> bool:
    """Whether the row has to be written, or deleted, now (in seconds since 1970).

    At once, if the stored one does not keep all that waits.
    """
    stored = one.stored
    if row is None or stored is None:
        return row is not stored
    places = [
        (stored.events, row.events),
        (stored.alerts, row.alerts),
        (stored.troubles, row.troubles),
    ]
    if any(wanted and (not known or wanted < known) for known, wanted in places):
        return True
    if (stored.why, stored.due_at, stored.failures) != (row.why, row.due_at, row.failures):
        return True
    return has_moved(one, row) and now - one.saved_at >= SAVED_EVERY


def has_moved(one: Subscription, row: SubscriptionRow) -> bool:
    """Whether the stored row is right, but far from what waits now."""
    stored = one.stored
    if stored is None:
        return False
    known, now = ((found.events, found.alerts, found.troubles) for found in (stored, row))
    return known != now or row.waiting >= 2 * max(1, stored.waiting)


def _taken(one: Subscription, events: str) -> bytes:
    """The events after the first waiting one that do not wait."""
    later = [place for place in one.done if events and place > events]
    if not later:
        return b""
    position = Position(before(parse_cursor(events).ms))
    for place in later:
        position.add(parse_cursor(place))
    return position.encoded()
