"""Changes of made-up products, with all that real tables hold: a sink has to take them. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.events import RESERVED, ChangeEvent, Kind
from app.core.item import Item

_LABEL = "2026-01-01T00:00:00.000"
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

_ODD: Item = {
    "Name with spaces, ünïcode and 茶": {"S": "line\nbreak \x01 \u2028 'quote' \"double\" <b>"},
    "_id": {"S": "a name that some databases reserve"},
    "Empty": {"S": ""},
    "Exact": {"N": "12345678901234567890123456789012345678"},
    "Tiny": {"N": "0.00000000000000000000000000001"},
    "Bytes": {"B": b"\x00\xff"},
    "Sets": {"NS": ["1", "2.5"]},
    "Deep": {"M": {"list": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {}}]}}},
    "Long": {"S": "x" * 20_000},
}

PER_PRODUCT = 5  # events


def history(run: str, *, internal: bool = False) -> list[ChangeEvent]:
    """The events of five products with ids of this run, in the order of the timeline.

    `internal`: with an internal event and a gap of a whole shard, as a sink may ask for.
    """
    products = [
        _plain(f"{run}-plain"),
        _deleted(f"{run}-deleted"),
        _odd(f"{run}-odd ü/~'茶"),
        _without_images(f"{run}-keys-only"),
        _large(f"{run}-large"),
    ]
    turns = zip(*products, strict=True)
    events = [event for turn in turns for event in turn]
    return [*events, *_hidden(run)] if internal else events


def _plain(product_id: str) -> Iterator[ChangeEvent]:
    for number in range(PER_PRODUCT):
        kind: Kind = "stock_changed" if number else "inserted"
        yield _event(product_id, number, kind, number - 1 if number else None, number)


def _deleted(product_id: str) -> Iterator[ChangeEvent]:
    yield _event(product_id, 0, "inserted", None, 4)
    yield _event(product_id, 1, "stock_changed", 4, -1)
    yield _event(product_id, 2, "deleted", -1, None)
    yield _event(product_id, 3, "inserted", None, 7)
    yield _event(product_id, 4, "expired", 7, None)


def _odd(product_id: str) -> Iterator[ChangeEvent]:
    yield _event(product_id, 0, "inserted", None, 1, _ODD)
    yield _event(product_id, 1, "stock_changed", 1, Decimal("0.125"), _ODD)
    yield _event(product_id, 2, "updated", None, None, {**_ODD, "Exact": {"S": "now a text"}})
    yield _event(product_id, 3, "stock_changed", None, 3, {})
    yield _event(product_id, 4, "reconciled", None, 10**15, _ODD)


def _without_images(product_id: str) -> Iterator[ChangeEvent]:
    for number in range(PER_PRODUCT):
        yield _event(product_id, number, "updated", None, None, None, view_type="KEYS_ONLY")


def _large(product_id: str) -> Iterator[ChangeEvent]:
    more: Item = {"Photo": {"S": "y" * 300_000}}
    for number in range(PER_PRODUCT - 1):
        yield _event(product_id, number, "updated", None, None, more)
    yield _event(product_id, PER_PRODUCT - 1, "updated", None, None, None, images_omitted=True)


def _hidden(run: str) -> Iterator[ChangeEvent]:
    yield _event(f"{run}-plain", PER_PRODUCT, "internal", None, None)
    yield _event(f"{RESERVED}{run}", 0, "gap", None, None, None)


def _event(
    product_id: str,
    number: int,
    kind: Kind,
    before: int | Decimal | None,
    after: int | Decimal | None,
    more: Item | None = {},  # noqa: B006 - never changed
    **fields: Any,
) -> ChangeEvent:
    """An event; `more` are attributes of its images, None means that it has no images."""
    sequence_number = str(10**20 + number)
    inserted, gone = kind == "inserted", kind in {"deleted", "expired"}
    values: dict[str, Any] = {
        "event_key": f"{_LABEL}#{sequence_number:0>40}",
        "kind": kind,
        "product_id": product_id,
        "product_name": f"Product {product_id}",
        "before": None if inserted or more is None else _image(product_id, before, more),
        "after": None if gone or more is None else _image(product_id, after, more),
        "changed": ("Stock",) if kind == "stock_changed" else (),
        "stock_before": None if before is None else Decimal(before),
        "stock_after": None if after is None else Decimal(after),
        "occurred_at": _BEGAN + timedelta(milliseconds=number),
        "event_name": "INSERT" if inserted else "REMOVE" if gone else "MODIFY",
        "sequence_number": sequence_number,
        "view_type": "NEW_AND_OLD_IMAGES",
    }
    return ChangeEvent(**(values | fields))


def _image(product_id: str, stock: int | Decimal | None, more: Item) -> Item:
    image: dict[str, Any] = {"ProductID": {"S": product_id}, **more}
    return image if stock is None else {**image, "Stock": {"N": str(stock)}}
