"""Notices are made of events of the timeline and of changes of alerts. Pure.

An alert tells when it opens, and when it opens again by itself (the snooze or the wait for an order
is over). What a person does about it tells nobody. The end of `out` is `back_in_stock`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.core import json_text
from app.core.events import RESERVED, ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames, Item, text
from app.notifications.notice import TROUBLE, Notice
from app.store.alerts import alert as alerts
from app.store.alerts import levels
from app.store.alerts.levels import Levels, levels_of


def of_event(
    event: ChangeEvent, at_ms: int, names: AttributeNames = DEFAULT_NAMES
) -> Notice | None:
    """The notice of an event that arrived then, in ms since 1970; None for an internal one."""
    if event.kind == "internal":
        return None
    is_of_shard = event.product_id.startswith(RESERVED)  # a gap in the changes of any product
    return Notice(
        id=event.id,
        kind=event.kind,
        at=event.occurred_at,
        at_ms=at_ms,
        product_id="" if is_of_shard else event.product_id,
        product_name=event.product_name or "",
        category=event.category or "",
        stock=event.stock_after,
        point=levels_of(event.product_after, names).point,
        event=event,
        text="Changes of some products may be missing" if is_of_shard else "",
    )


def of_transition(row: Mapping[str, Any]) -> Notice | None:
    """The notice of a row of kind `alert-transition`; None if it tells nobody.

    The row does not have the product's category: see `with_item`.
    """
    alert = alerts.decoded(json_text.loads(row["Alert"]["S"]))
    known = levels.decoded(json_text.loads(row["Levels"]["S"]))
    kind = _kind(alert.kind, row["After"]["S"], known)
    if kind is None or "Actor" in row:
        return None
    identifier = row["ID"]["S"]
    return Notice(
        id=identifier,
        kind=kind,
        at=datetime.fromtimestamp(int(row["At"]["N"]) / 1000, UTC),
        at_ms=int(identifier[:13]),
        product_id=row["ProductID"]["S"],
        product_name=known.name or "",
        stock=known.stock,
        point=known.point,
    )


def of_trouble(row: Mapping[str, Any]) -> Notice:
    """The notice of a row of the log of troubles."""
    place = row["ID"]["S"]
    at_ms = int(place[:13])
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return Notice(place, TROUBLE, at, at_ms, text=row["Text"]["S"])


def trouble_of_gap(gap: Notice) -> tuple[str, str]:
    """What the trouble is about that a gap is, and a sentence about it."""
    about = f" of {gap.product_id}" if gap.product_id else ""
    why = gap.event.note if gap.event is not None else None
    text = f"Changes{about} may be missing: {why or 'the stream has a gap'}"
    return f"gap {gap.id}", text


def with_item(notice: Notice, item: Item | None, names: AttributeNames) -> Notice:
    """The notice with what the product's item adds: its category, and all that searches select."""
    if item is None:
        return notice
    return replace(notice, item=item, category=text(item, names.category) or "")


def _kind(kind: str, after: str, known: Levels) -> str | None:
    """What a change of an alert to a state tells."""
    if after == "open":
        return kind
    is_back = known.exists and known.stock is not None and known.stock > 0
    return "back_in_stock" if kind == "out" and after == "resolved" and is_back else None
