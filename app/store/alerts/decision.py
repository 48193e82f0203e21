"""What an event, the passing of time or a person makes of a product's alerts. Pure.

An event that is not newer than the last one that was applied, or than the first scan that opened
the alerts, changes nothing, so events may come again and in any order. Time counts in steps: a low
alert is resolved ten minutes after the stock rose above the point, whenever that is noticed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from app.core.numbers import total
from app.store.alerts.alert import Alert, AlertState, Order, ProductAlerts, Transition
from app.store.alerts.levels import KINDS, SALE_COUNTS_MS, AlertKind, Levels, holds

STAYS_ABOVE_MS = 10 * 60 * 1000  # a stock that rises for less than this resolves nothing
# Between the time of the first scan and that of an event; DynamoDB Local has whole minutes.
CLOCKS_DIFFER_MS = 60 * 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as alerts see it: its key, its time in ms, and the product after it.

    `may_flap`: the stock changed, so that it may fall again soon. `received`: the units that came.
    """

    event_key: str
    at: int
    levels: Levels
    may_flap: bool = True
    received: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Decided:
    """The alerts after a decision, and their changes of state in order."""

    after: ProductAlerts
    transitions: tuple[Transition, ...] = ()


def after_event(known: ProductAlerts, seen: Seen) -> Decided:
    """Apply an event."""
    if known.version and _includes(known, seen):
        return Decided(known)
    decided = elapsed(known, seen.at)
    levels = _joined(known.levels, seen.levels)
    alerts, transitions = dict(decided.after.alerts), list(decided.transitions)
    for kind in KINDS:
        before = alerts.get(kind)
        after = _after(before, kind, seen, levels)
        if after is None or after == before:
            continue
        alerts[kind] = after
        opened = before is None or before.is_over
        if opened or (before is not None and before.state != after.state):
            old = None if before is None or opened else before.state
            transitions.append(Transition(after, old, seen.at, seen.event_key))
    after_all = replace(known, event_key=seen.event_key, levels=levels, alerts=alerts)
    return Decided(after_all, tuple(transitions))


def _includes(known: ProductAlerts, seen: Seen) -> bool:
    """Whether the alerts are of the product after this event, or after a later one."""
    if known.event_key:
        return seen.event_key <= known.event_key
    scanned_at = max((alert.opened_at for alert in known.alerts.values()), default=0)
    return seen.at < scanned_at - CLOCKS_DIFFER_MS


def _joined(known: Levels, seen: Levels) -> Levels:
    """What was seen, with the last sale, and a deleted product's name."""
    sold_at = max(known.sold_at or 0, seen.sold_at or 0) or None
    if seen.exists:
        return replace(seen, sold_at=sold_at)
    return replace(seen, sold_at=sold_at, name=known.name, unit=known.unit)


def _after(before: Alert | None, kind: AlertKind, seen: Seen, levels: Levels) -> Alert | None:
    if not holds(kind, levels, seen.at):
        return None if before is None or before.is_over else _not_holding(before, seen, levels)
    if before is None or before.is_over:
        number = 1 if before is None else before.number + 1
        return Alert(kind, number, "open", seen.at, seen.at, seen.event_key)
    if before.state != "ordered" or before.order is None:
        return replace(before, above_since=None)
    if before.above_since is not None:  # the order had come, and was not enough
        return _in_state(before, "open", seen.at)
    # Events have whole seconds, on DynamoDB Local whole minutes.
    if not seen.received or seen.at // 60_000 < before.since // 60_000:
        return before
    order = replace(before.order, received=total(before.order.received, seen.received))
    enough = order.received >= order.quantity
    return replace(_in_state(before, "open", seen.at) if enough else before, order=order)


def _not_holding(alert: Alert, seen: Seen, levels: Levels) -> Alert:
    waits = alert.kind == "low" and seen.may_flap and levels.exists and levels.point is not None
    if not waits:
        return _in_state(alert, "resolved", seen.at)
    return alert if alert.above_since is not None else replace(alert, above_since=seen.at)


def _in_state(alert: Alert, state: AlertState, at: int) -> Alert:
    after = replace(alert, state=state, since=at, above_since=None)
    return replace(after, actor=None, snoozed_until=None) if state == "open" else after


def elapsed(known: ProductAlerts, until: int) -> Decided:
    """Apply the passing of time up to a moment, in ms since 1970."""
    alerts, transitions = dict(known.alerts), []
    for kind, alert in known.alerts.items():
        while (step := _next_step(alert, known.levels)) is not None and step[0] <= until:
            at, state = step
            before, alert = alert, _in_state(alert, state, at)
            transitions.append(Transition(alert, before.state, at))
        alerts[kind] = alert
    return Decided(replace(known, alerts=alerts), tuple(transitions))


def due(known: ProductAlerts) -> int | None:
    """When time alone changes an alert next, in ms since 1970; None: never."""
    steps = (_next_step(alert, known.levels) for alert in known.alerts.values())
    return min((step[0] for step in steps if step is not None), default=None)


def _next_step(alert: Alert, levels: Levels) -> tuple[int, AlertState] | None:
    return min(_steps(alert, levels), default=None)


def _steps(alert: Alert, levels: Levels) -> Iterator[tuple[int, AlertState]]:
    if alert.is_over:
        return
    if alert.above_since is not None:
        yield alert.above_since + STAYS_ABOVE_MS, "resolved"
        return
    if alert.kind == "out" and levels.point is None and levels.sold_at is not None:
        yield levels.sold_at + SALE_COUNTS_MS, "resolved"
    if alert.state == "snoozed" and alert.snoozed_until is not None:
        yield alert.snoozed_until, "open"
    if alert.state == "ordered" and alert.order is not None:
        yield alert.order.overdue_at, "open"


def acted(
    known: ProductAlerts,
    kinds: Iterable[AlertKind],
    state: AlertState,
    actor: str,
    at: int,
    *,
    until: int | None = None,
    order: Order | None = None,
) -> Decided:
    """Let a person put alerts, which are not resolved, into a state; a repeat changes nothing.

    `until`: for `snoozed`. `order`: for `ordered`; the last one stays with the alert. One that
    corrects an order under way has received what came of that.
    """
    alerts, transitions = dict(known.alerts), []
    for kind in kinds:
        alert = alerts[kind]
        if alert.state == state and alert.snoozed_until == until and _is_same(alert.order, order):
            continue
        alerts[kind] = replace(
            alert,
            state=state,
            since=at,
            actor=None if state == "open" else actor,
            snoozed_until=until,
            order=alert.order if order is None else _corrected(alert, order),
        )
        transitions.append(Transition(alerts[kind], alert.state, at, actor=actor))
    return (
        Decided(replace(known, alerts=alerts), tuple(transitions))
        if transitions
        else Decided(known)
    )


def _corrected(alert: Alert, order: Order) -> Order:
    under_way = alert.order if alert.state == "ordered" else None
    return order if under_way is None else replace(order, received=under_way.received)


def _is_same(stored: Order | None, given: Order | None) -> bool:
    if stored is None or given is None:
        return given is None
    return (stored.quantity, stored.expected) == (given.quantity, given.expected)
