"""A copy in memory of the test, and events for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, stock
from app.readmodel.changes import Changes
from app.readmodel.database import Database
from app.readmodel.events.event_lists import EventLists
from app.readmodel.own_writes import OwnWrites
from app.readmodel.products.product_lists import ProductLists
from app.readmodel.products.product_query import ProductQuery
from app.readmodel.products.product_row import ProductRow
from app.readmodel.products.product_table import set_row
from app.store.feed.cursor import Cursor, before
from app.store.timeline.position import Position
from tests.support.builders import LABEL, NOON_MS, an_event, an_item

START = Position(before(NOON_MS))


class Copy:
    """A database with its lists and changes; `table` is what the products table has."""

    def __init__(self, folder: Path) -> None:
        self.table: dict[str, dict[str, Any]] = {}
        self.database = Database(folder / "copy.sqlite", "test")
        self.now = 0.0
        self._arrivals = 0
        self.own_writes = OwnWrites(DEFAULT_NAMES, lambda: self.now)
        self.lists = ProductLists(self.database, DEFAULT_NAMES)
        self.event_lists = EventLists(self.database)
        self.changes = Changes(
            self.database,
            DEFAULT_NAMES,
            self.own_writes,
            lambda ids: {name: self.table[name] for name in ids if name in self.table},
        )

    def scan(self, *items: dict[str, Any]) -> None:
        """Add scanned items."""
        with self.database.writing() as connection:
            for item in items:
                set_row(connection, ProductRow(item, DEFAULT_NAMES), "")

    def apply(self, *events: ChangeEvent) -> None:
        """Apply events that arrive one after the other, behind all that came before."""
        self.changes.apply([(self.next_cursor(), event) for event in events], START)

    def next_cursor(self) -> Cursor:
        self._arrivals += 1
        return Cursor(NOON_MS + self._arrivals, "0000aaaa", 0)

    def ids(self, **query: Any) -> list[str]:
        """The ids of the query's products, in its order."""
        found = self.lists.page(ProductQuery(**query), 200).items
        return [product.product_id for product in found]

    def stocks(self) -> dict[str, int | None]:
        """The stock of each product that is not deleted."""
        found = self.lists.page(ProductQuery(), 200).items
        return {one.product_id: None if one.stock is None else int(one.stock) for one in found}


def key(number: int) -> str:
    return f"{LABEL}#{number:040d}"


def inserted(number: int, item: dict[str, Any], **fields: Any) -> ChangeEvent:
    return _event(number, {"kind": "inserted", "before": None, "after": item} | fields, item)


def changed(number: int, item: dict[str, Any], **fields: Any) -> ChangeEvent:
    return _event(number, {"kind": "updated", "before": item, "after": item} | fields, item)


def deleted(number: int, item: dict[str, Any], **fields: Any) -> ChangeEvent:
    return _event(number, {"kind": "deleted", "before": item, "after": None} | fields, item)


def _event(number: int, fields: dict[str, Any], item: dict[str, Any]) -> ChangeEvent:
    left = None if fields["after"] is None else stock(fields["after"], DEFAULT_NAMES)
    fields = {"stock_after": left} | fields
    given = {"event_key": key(number), "product_id": item["ProductID"]["S"]}
    return an_event(number, **(given | fields))


def product(product_id: str, stock: int = 1, **attributes: Any) -> dict[str, Any]:
    return an_item(product_id, ProductName=f"Name of {product_id}", Stock=stock) | {
        name: an_item(x=value)["x"] for name, value in attributes.items()
    }


def orders(events: Sequence[ChangeEvent]) -> list[Sequence[ChangeEvent]]:
    """The events in order, in the opposite order, and each twice."""
    return [events, events[::-1], [event for event in events for _ in range(2)]]
