"""What the rows of products and events hold: their fields as the API has them. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.events import RESERVED, ChangeEvent
from app.core.item import AttributeNames, Item, plain_item
from app.store.products.model import product_of
from worker.sinks.shaping import Projection

Row = dict[str, Any]
Keeps = Callable[[ChangeEvent], bool]

_FIELDS = (
    "event_key",
    "kind",
    "product_id",
    "product_name",
    "category",
    "unit",
    "stock_before",
    "stock_after",
    "delta",
    "actor",
    "reason",
    "note",
    "reference",
    "request_id",
    "reverses",
    "id",
    "images_omitted",
    "occurred_at",
    "event_name",
    "sequence_number",
    "view_type",
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a batch writes: `deleted` are the keys of deleted products, `images` their last rows."""

    events: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)
    images: list[Row] = field(default_factory=list)


def rows_of(
    events: Sequence[ChangeEvent],
    current: Mapping[str, Item],
    names: AttributeNames,
    projection: Projection,
    keeps: Keeps,
) -> Rows:
    """The rows that events make; a product is as the event with its greatest key left it.

    `current` has the items of products whose events do not show them. `keeps` says which events get
    a row of their own.
    """
    kept = filter(is_kept(keeps), events)
    rows = Rows([event_row(projection.event(event)) for event in kept])
    for event in sorted(newest(events), key=lambda event: event.product_id):
        item = current.get(event.product_id) if lacks_image(event) else event.product_after
        if item is not None and names.is_product(item):
            if (row := product_row(item, names, projection, event)) is not None:
                rows.products.append(row)
            continue
        gone = {"deleted_at": event.occurred_at}
        rows.deleted.append({"product_id": event.product_id, "event_key": event.event_key, **gone})
        images = (event.after, event.before)
        last = next((one for one in images if one and names.is_product(one)), None)
        if last is not None and (row := product_row(last, names, projection, event)) is not None:
            rows.images.append(row | gone)
    return rows


def keeps_all(_event: ChangeEvent) -> bool:
    """Without a filter, every event is kept."""
    return True


def is_kept(keeps: Keeps) -> Keeps:
    """Whether an event has a row: it is shown to people, it is of a product, and `keeps` agrees."""
    return lambda event: event.kind != "internal" and is_of_product(event) and keeps(event)


def is_of_product(event: ChangeEvent) -> bool:
    """Whether it is no gap of a whole shard."""
    return not event.product_id.startswith(RESERVED)


def newest(events: Sequence[ChangeEvent]) -> Collection[ChangeEvent]:
    """The event with the greatest key of each product; none of a shard's gap."""
    found: dict[str, ChangeEvent] = {}
    for event in events:
        known = found.get(event.product_id)
        if is_of_product(event) and (known is None or event.event_key >= known.event_key):
            found[event.product_id] = event
    return found.values()


def lacks_image(event: ChangeEvent) -> bool:
    """Whether the event does not show the product after it, although there may be one."""
    if event.kind in {"deleted", "expired"} or event.after is not None:
        return False
    return event.images_omitted or event.view_type in {"KEYS_ONLY", "OLD_IMAGE"}


def product_row(
    item: Item, names: AttributeNames, projection: Projection, event: ChangeEvent | None = None
) -> Row | None:
    """A product's row as an event left it, or as it was scanned; None if the key is another one."""
    try:
        product = product_of(projection.item(item) or {}, names)
    except (KeyError, ValueError):  # the item is of a table that had another key
        return None
    return {
        "product_id": product.product_id if event is None else event.product_id,
        "event_key": "" if event is None else event.event_key,
        "name": product.name,
        "stock": product.stock,
        "category": product.category,
        "price": product.price,
        "reorder_point": product.reorder_point,
        "tags": list(product.tags),
        "barcode": product.barcode,
        "no_reorder": product.no_reorder,
        "unit": product.unit,
        "attributes": product.attributes,
        "version": product.version,
        "created_at": instant(product.created_at),
        "updated_at": instant(product.updated_at),
        "deleted_at": None,
    }


def event_row(event: ChangeEvent) -> Row:
    """An event's row; images as plain JSON, as in the API."""
    row = {name: getattr(event, name) for name in _FIELDS}
    return row | {
        "changed": list(event.changed),
        "before": None if event.before is None else plain_item(event.before),
        "after": None if event.after is None else plain_item(event.after),
    }


def instant(text: str | None) -> datetime | None:
    """The time in an item's metadata; None if another program wrote something else there."""
    try:
        found = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
