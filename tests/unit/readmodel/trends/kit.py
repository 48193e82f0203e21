"""A copy of a shop's events in a time zone, with its trends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.readmodel.changes import Changes
from app.readmodel.products.product_row import ProductRow
from app.readmodel.products.product_table import set_row
from app.readmodel.trends.rankings import Rankings
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON_MS, an_event, an_item
from tests.unit.readmodel.kit import Copy

UTC_ZONE = ZoneInfo("UTC")
ZONES = {  # with the local days on which clocks were set, and how many quarters these have
    "Europe/Berlin": {date(2026, 3, 29): 92, date(2026, 10, 25): 100},
    "Asia/Kolkata": {date(2026, 3, 29): 96},
    "America/St_Johns": {date(2026, 3, 8): 92, date(2026, 11, 1): 100},
    "Australia/Lord_Howe": {date(2026, 4, 5): 98, date(2026, 10, 4): 94},
}
ITEM: dict[str, Any] = {"Price": {"N": "2.5"}, "Category": "Kitchen"}


class Shop:
    """A copy in a time zone; each event arrives a millisecond after the one before."""

    def __init__(self, folder: Path, zone: ZoneInfo = UTC_ZONE) -> None:
        self.copy = Copy(folder)
        self.zone = zone
        self.changes = Changes(
            self.copy.database, DEFAULT_NAMES, self.copy.own_writes, lambda ids: {}, zone
        )
        self.rankings = Rankings(DEFAULT_NAMES, zone)
        self.events = 0

    def keep(self, *events: ChangeEvent) -> None:
        arrived = []
        for event in events:
            self.events += 1
            arrived.append((Cursor(NOON_MS + self.events, "0000abcd", 0), event))
        with self.copy.database.writing() as connection:
            self.changes.keep(connection, arrived)

    def sale(self, at: datetime, units: int = 1, product_id: str = "P1", **fields: Any) -> None:
        """A sale from a stock of 100."""
        item = an_item(product_id, Stock=100, **ITEM)
        given = {
            "before": item,
            "after": item | an_item(product_id, Stock=100 - units),
            "stock_before": Decimal(100),
            "stock_after": Decimal(100 - units),
            "occurred_at": at,
            "product_id": product_id,
        }
        self.keep(an_event(self.events + 1, **(given | fields)))

    def stock(self, product_id: str, stock: Any, **attributes: Any) -> None:
        """What the products table has now."""
        with self.copy.database.writing() as connection:
            item = an_item(product_id, Stock=stock, **(ITEM | attributes))
            set_row(connection, ProductRow(item, DEFAULT_NAMES), "")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.copy.database.reading() as connection:
            yield connection
