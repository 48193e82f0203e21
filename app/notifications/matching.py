"""Whether a rule wants a notice. Pure, and quick: it runs for every rule and event.

The searches of rules select as the list of products does: they are tested by the same code.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames, Item
from app.core.keys import NotAnID
from app.core.numbers import digits
from app.core.paths import path_of, with_value
from app.core.rules.rule import Rule, What
from app.core.rules.wording import wording_at
from app.notifications.notice import TROUBLE, Notice
from app.notifications.search_text import query_of
from app.readmodel.past.past_filter import PastFilter
from app.readmodel.products.product_row import ProductRow

ALERT_KINDS = frozenset({"low", "out", "negative", "back_in_stock"})
OUTSIDE = "outside"  # as an actor: changes that were not made through Stockpulse
# A rule that names nothing wants all changes of products. A gap is told to those who ask for it.
CHANGES = frozenset({"inserted", "stock_changed", "updated", "deleted", "expired", "reconciled"})
# The kinds of events whose time is that of the change in the table, not of its discovery.
_TIMED = CHANGES - {"reconciled"}
# How far these times may lie before the change: DynamoDB tells seconds, DynamoDB Local minutes.
_INEXACT, _MINUTE = timedelta(seconds=2), timedelta(minutes=1)


def wants(rule: Rule, notice: Notice, names: AttributeNames = DEFAULT_NAMES) -> bool:
    """Whether a rule wants a notice, by the rule's wording of the notice's time."""
    if notice.at_ms >= rule.since:
        wanted = rule.enabled and selects(rule.what, notice, names)
    else:
        wording = wording_at(rule, notice.at_ms)
        wanted = wording is not None and wording.enabled and selects(wording.what, notice, names)
    return wanted and not _is_past(rule, notice)


def _is_past(rule: Rule, notice: Notice) -> bool:
    """Whether a change was made before the rule was, and only arrived after it.

    So it is with all changes of a day when a worker reads a stream for the first time. Both times
    are by the clock of the tables.
    """
    event = notice.event
    if event is None or event.kind not in _TIMED or not rule.created_at:
        return False
    at = event.occurred_at
    inexact = _INEXACT if at.second or at.microsecond else _INEXACT + _MINUTE
    return at + inexact < datetime.fromisoformat(rule.created_at)


def selects(what: What, notice: Notice, names: AttributeNames = DEFAULT_NAMES) -> bool:
    """Whether a notice is among what is wanted.

    Only changes of products have actors, reasons and amounts, so these restrict no alerts. What is
    of no product, such as a gap of a whole shard, is not restricted at all.
    """
    if not _names(what, notice.kind):
        return False
    if not notice.product_id:
        return True
    if what.product_ids and notice.product_id not in what.product_ids:
        return False
    if what.categories and notice.category not in what.categories:
        return False
    if notice.event is not None and not _admits(what, notice.event):
        return False
    return not what.search or _finds(what.search, notice, names)


def _names(what: What, kind: str) -> bool:
    """Whether a kind of notice is wanted."""
    if kind == TROUBLE:
        return what.trouble
    if kind in ALERT_KINDS:
        return kind in what.alerts
    if what.kinds:
        return kind in what.kinds
    return kind in CHANGES and not what.alerts and not what.trouble


def _admits(what: What, event: ChangeEvent) -> bool:
    if what.actors and not (
        event.actor in what.actors or (event.is_outside and OUTSIDE in what.actors)
    ):
        return False
    if what.reasons and event.reason not in what.reasons:
        return False
    if what.min_delta is not None and (event.delta is None or abs(event.delta) < what.min_delta):
        return False
    return what.crosses is None or _crosses(event, what)


def _crosses(event: ChangeEvent, what: What) -> bool:
    """Whether the stock was above the level and no longer is, or the reverse."""
    before, after, level = event.stock_before, event.stock_after, what.crosses
    if before is None or after is None or level is None:
        return False
    return (before > level) != (after > level)


def _finds(search: str, notice: Notice, names: AttributeNames) -> bool:
    row = _row(_Subject(notice, names))
    return row is not None and _filter(search).admits(row)


class _Subject:
    """A notice, compared by identity: many rules search the same one, one after the other."""

    __slots__ = ("names", "notice")

    def __init__(self, notice: Notice, names: AttributeNames) -> None:
        self.notice = notice
        self.names = names

    def __hash__(self) -> int:
        return id(self.notice)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Subject)
            and other.notice is self.notice
            and other.names is self.names
        )


@lru_cache(maxsize=16)  # notices that threads match at the same time
def _row(subject: _Subject) -> ProductRow | None:
    item = _item_of(subject.notice, subject.names)
    return None if item is None else ProductRow(item, subject.names)


def _item_of(notice: Notice, names: AttributeNames) -> Item | None:
    """The product's item after the change, or the last one; else what the notice knows of it."""
    event = notice.event
    images = (notice.item,) if event is None else (event.product_after, event.product_before)
    for image in images:
        if image is not None:
            return image
    try:
        item: Item = names.key.key_of(notice.product_id)
    except NotAnID:  # of an item that was no product
        return None
    known = ((names.name, notice.product_name), (names.category, notice.category))
    for name, value in known:
        item = with_value(item, path_of(name), {"S": value} if value else None)
    if notice.stock is not None:
        item = with_value(item, path_of(names.stock), {"N": digits(notice.stock)})
    return item


@lru_cache(maxsize=4_000)  # rules, with their former wordings
def _filter(search: str) -> PastFilter:
    return PastFilter(query_of(search))
