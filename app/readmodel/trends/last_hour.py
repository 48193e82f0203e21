"""The newest minutes and the stock now, counted up to the same events as another list."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.core.events import ChangeEvent
from app.readmodel.events.event_row import decoded
from app.readmodel.events.event_table import first_number
from app.readmodel.products.product_row import storable
from app.readmodel.schema import NO_NUMBER
from app.readmodel.trends.contributions import MINUTE, MINUTES, number_from
from app.store.feed.cursor import parse_cursor

_LATER = 1000  # events of the copy that the other list lacks yet
_DELAYED = 2000  # of the newest events, those whose delay is compared


@dataclass(frozen=True, slots=True)
class StockSums:
    """How many products there are, their stock, and how many are low and out of stock.

    `units`: the stock by unit (empty for products without one), first that of most products.
    """

    products: int
    units: dict[str, Decimal]
    low: int
    out: int


class LastHour:
    """The copy as it is at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def minutes(self, first: int) -> list[tuple[int, int]]:
        """Each minute (counted from 1970) from `first` on, oldest first, with its changes."""
        rows = self._connection.execute(
            "SELECT start, sum(events) FROM trends WHERE scope = ? AND start >= ? "
            "GROUP BY start ORDER BY start",
            (MINUTES, first),
        )
        return rows.fetchall()

    def delays(self, first: int) -> dict[int, int]:
        """The longest time from a change to its arrival, in ms, by minute of the arrival.

        Of the newest 2,000 events from minute `first` on.
        """
        rows = self._connection.execute(
            "SELECT at / ?, max(at - occurred_at) FROM (SELECT occurred_at, "
            "CAST(substr(cursor, 1, 13) AS INTEGER) AS at FROM events "
            "WHERE number >= ? AND kind NOT IN ('gap', 'reconciled', 'internal') "
            "ORDER BY number DESC LIMIT ?) GROUP BY 1",
            (MINUTE * 1000, first_number(first * MINUTE * 1000), _DELAYED),
        )
        return {minute: max(0, delay) for minute, delay in rows}

    def stock(self) -> StockSums:
        """The sums over all products."""
        # A product counts as its events leave it: the copy may show a write before its event.
        rows = self._connection.execute(
            "SELECT unit, count(*), total(round(stock * 1e6)) FILTER (WHERE stock > ?1), "
            "count(*) FILTER (WHERE stock <= 0 AND stock > ?1) "
            "FROM trend_products WHERE NOT deleted GROUP BY unit ORDER BY 2 DESC, unit",
            (NO_NUMBER,),
        ).fetchall()
        (low,) = self._connection.execute(
            "SELECT count(*) FROM products WHERE low AND deleted = 0"
        ).fetchone()
        units = {unit: number_from(sum_of) for unit, _, sum_of, _ in rows}
        products, out = (sum(row[column] for row in rows) for column in (1, 3))
        return StockSums(products, units, low, out)

    def has(self, product_id: str, event_key: str) -> bool:
        """Whether an event is counted."""
        found = self._connection.execute(
            "SELECT 1 FROM events WHERE product_id = ? AND event_key = ?",
            (storable(product_id), event_key),
        )
        return found.fetchone() is not None

    def after(self, cursor: str) -> Iterator[ChangeEvent]:
        """The counted events that arrived after the cursor."""
        rows = self._connection.execute(
            "SELECT event FROM events WHERE number >= ? AND cursor > ? LIMIT ?",
            (first_number(parse_cursor(cursor).ms), cursor, _LATER),
        )
        return (decoded(data) for (data,) in rows)
