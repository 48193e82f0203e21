"""Each product has its sums of the last 7, 30 and 90 days, today included, in one narrow row.

They are summed again from the product's days when a day begins in the shop's time zone, and events
of these days add to them in between.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent
from app.readmodel.database import save, saved
from app.readmodel.events.event_row import decoded
from app.readmodel.products.product_row import storable
from app.readmodel.trends.contributions import ProductAmount, day_number, product_amount

WINDOWS = (7, 30, 90)  # days
_DAY = "trend day"  # under this name the file has the day up to which the windows reach

_COLUMNS = tuple(f"{name}_{days}" for days in WINDOWS for name in ("up", "down", "sold"))
_ADD_DAY = """
INSERT INTO product_days VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET
    events = events + 1, up = up + excluded.up, down = down + excluded.down,
    sold = sold + excluded.sold
"""
_SUBTRACT_DAY = """
UPDATE product_days SET events = events - 1, up = up - ?3, down = down - ?4, sold = sold - ?5
WHERE product = ?1 AND day = ?2
"""
_ADD = (
    "UPDATE trend_products SET last_sold = ?, last_inserted = ?, first_day = ?, "  # noqa: S608 - constants
    + ", ".join(f"{column} = {column} + ?" for column in _COLUMNS)
    + " WHERE number = ?"
)
_SUM_AGAIN = (
    f"UPDATE trend_products SET ({', '.join(_COLUMNS)}) = (SELECT "  # noqa: S608 - constants
    + ", ".join(
        f"total({name}) FILTER (WHERE day > ?1 - {days})"
        for days in WINDOWS
        for name in ("up", "down", "sold")
    )
    + f" FROM product_days WHERE product = number AND day > ?1 - {WINDOWS[-1]})"
)


class Times(NamedTuple):
    """When a product was last sold and inserted, in ms, and its first day; 0 for none."""

    last_sold: int
    last_inserted: int
    first_day: int


class ProductSums:
    """Adds events to their products' sums, and subtracts them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def add(self, connection: sqlite3.Connection, events: Iterable[ChangeEvent]) -> None:
        """Count events that are new."""
        today = saved(connection, _DAY)
        for event in events:
            amount = product_amount(event, self._zone)
            number, known = _row(connection, storable(event.product_id))
            connection.execute(_ADD_DAY, (number, amount.day, amount.up, amount.down, amount.sold))
            times = Times(
                max(known.last_sold, amount.sold_at),
                max(known.last_inserted, amount.inserted_at),
                min(known.first_day or amount.day, amount.day),
            )
            shares = _shares(amount, today)
            if any(shares) or times != known:
                connection.execute(_ADD, (*times, *shares, number))

    def remove(self, connection: sqlite3.Connection, events: Iterable[ChangeEvent]) -> None:
        """Subtract events, which the copy has no more."""
        today = saved(connection, _DAY)
        for event in events:
            amount = product_amount(event, self._zone)
            product_id = storable(event.product_id)
            number, known = _row(connection, product_id)
            connection.execute(
                _SUBTRACT_DAY, (number, amount.day, amount.up, amount.down, amount.sold)
            )
            connection.execute(
                "DELETE FROM product_days WHERE product = ? AND day = ? AND events <= 0",
                (number, amount.day),
            )
            times = known
            if amount.sold_at and amount.sold_at == known.last_sold:
                times = times._replace(last_sold=self._last_sold(connection, product_id))
            if amount.inserted_at and amount.inserted_at == known.last_inserted:
                times = times._replace(last_inserted=_last_inserted(connection, product_id))
            (first,) = connection.execute(
                "SELECT min(day) FROM product_days WHERE product = ?", (number,)
            ).fetchone()
            times = times._replace(first_day=first or 0)
            shares = [-share for share in _shares(amount, today)]
            if any(shares) or times != known:
                connection.execute(_ADD, (*times, *shares, number))

    def is_new_day(self, connection: sqlite3.Connection, now: datetime) -> bool:
        """Whether the windows reach up to another day than today."""
        return bool(saved(connection, _DAY) != day_number(now, self._zone))

    def begin_day(self, connection: sqlite3.Connection, now: datetime) -> None:
        """Sum the windows that reach up to today."""
        today = day_number(now, self._zone)
        connection.execute(_SUM_AGAIN, (today,))
        save(connection, _DAY, today)

    def _last_sold(self, connection: sqlite3.Connection, product_id: str) -> int:
        """The time of the last sale among the product's events, in ms; 0 without one."""
        rows = connection.execute(
            "SELECT event FROM events WHERE product_id = ? AND kind = 'stock_changed'",
            (product_id,),
        )
        times = (product_amount(decoded(data), self._zone).sold_at for (data,) in rows)
        return max(times, default=0)


def _last_inserted(connection: sqlite3.Connection, product_id: str) -> int:
    """The same of the last event that inserted the product."""
    (at,) = connection.execute(
        "SELECT max(occurred_at) FROM events WHERE product_id = ? AND kind = 'inserted'",
        (product_id,),
    ).fetchone()
    return at or 0


def _row(connection: sqlite3.Connection, product_id: str) -> tuple[int, Times]:
    """The number of the product's row, and its times."""
    found = connection.execute(
        "SELECT number, last_sold, last_inserted, first_day FROM trend_products WHERE id = ?",
        (product_id,),
    ).fetchone()
    if found is not None:
        return found[0], Times(*found[1:])
    (number,) = connection.execute(
        "INSERT INTO trend_products (id) VALUES (?) RETURNING number", (product_id,)
    ).fetchone()
    return number, Times(0, 0, 0)


def _shares(amount: ProductAmount, today: int | None) -> list[float]:
    """What the amount adds to each window; nothing before the windows are first summed."""
    shares: list[float] = []
    for days in WINDOWS:
        counts = today is not None and amount.day > today - days
        shares += (amount.up, amount.down, amount.sold) if counts else (0, 0, 0)
    return shares
