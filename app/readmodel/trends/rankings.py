"""Lists of products by their sums: one pass over the narrow rows, with the best ones kept."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson

from app.core.item import AttributeNames, from_canonical
from app.readmodel.products.product_row import storable
from app.readmodel.schema import WITH_ITEMS
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.ranking_cursor import cursor_of, place_of
from app.store.products.model import Product, product_of

Window = Literal[7, 30, 90]  # days, today included
Measure = Literal["sold", "in", "out", "moved"]
RATE_WINDOW: Window = 30
_DAY = 24 * 3600.0

_MEASURES: dict[Measure, str] = {
    "sold": "sold_{0}",
    "in": "up_{0}",
    "out": "down_{0}",
    "moved": "up_{0} + down_{0}",
}
_MEASURES_OF_DAYS: dict[Measure, str] = {
    "sold": "sum(sold)",
    "in": "sum(up)",
    "out": "sum(down)",
    "moved": "sum(up) + sum(down)",
}
# Of the last 30 days, those since the product's first event; `today` has a fraction.
_DAYS = f"max(1.0, min({RATE_WINDOW - 1} + :today - CAST(:today AS INTEGER), :today - first_day))"
_DAYS_LEFT = f"max(stock, 0.0) * 1e6 * {_DAYS} / sold_{RATE_WINDOW}"


@dataclass(frozen=True, slots=True)
class ProductTrend:
    """A product's sums. `product` is None if the copy does not have it, as its image is not known.

    Units are those of the list's window; `days_left` is None without sales in the last 30 days.
    """

    product_id: str
    deleted: bool
    product: Product | None
    units_in: Decimal
    units_out: Decimal
    units_sold: Decimal
    last_sold: datetime | None
    days_left: float | None


@dataclass(frozen=True, slots=True)
class TrendPage:
    """Some products of a list, in its order."""

    items: list[ProductTrend]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Ranking:
    """A list: the expression that it is sorted by, and which products it has."""

    name: str
    order: str
    condition: str
    window: Window
    descending: bool = False


class Rankings:
    """Lists of products; all at one time, `now`."""

    def __init__(self, names: AttributeNames, zone: ZoneInfo) -> None:
        self._names = names
        self._zone = zone

    def top_movers(
        self,
        connection: sqlite3.Connection,
        now: datetime,
        window: Window,
        measure: Measure,
        category: str | None,
        limit: int,
        cursor: str | None,
    ) -> TrendPage:
        """The products that moved the most units; deleted ones too.

        Raises:
            InvalidCursor: no page of this list returned the cursor.

        """
        order = _MEASURES[measure].format(window)
        ranking = _Ranking(f"{measure} {window}", order, f"{order} > 0", window, descending=True)
        return self._page(connection, ranking, {}, now, category, limit, cursor)

    def not_sold(
        self,
        connection: sqlite3.Connection,
        now: datetime,
        days: int,
        category: str | None,
        limit: int,
        cursor: str | None,
    ) -> TrendPage:
        """The products in stock whose last sale is so many days ago, those never sold first.

        A product that is newer is not among them.

        Raises:
            InvalidCursor: no page of this list returned the cursor.

        """
        before = round((now - timedelta(days=days)).timestamp() * 1000)
        condition = "NOT deleted AND stock > 0 AND last_sold < :before AND last_inserted < :before"
        ranking = _Ranking(f"not sold {days}", "last_sold", condition, 90)
        return self._page(connection, ranking, {"before": before}, now, category, limit, cursor)

    def days_left(
        self,
        connection: sqlite3.Connection,
        now: datetime,
        category: str | None,
        limit: int,
        cursor: str | None,
    ) -> TrendPage:
        """The products that were sold in the last 30 days; those that last the shortest first.

        Raises:
            InvalidCursor: no page of this list returned the cursor.

        """
        condition = f"NOT deleted AND sold_{RATE_WINDOW} > 0 AND stock > -9e999"
        ranking = _Ranking("days left", _DAYS_LEFT, condition, RATE_WINDOW)
        return self._page(connection, ranking, {}, now, category, limit, cursor)

    def movers_of_days(
        self,
        connection: sqlite3.Connection,
        days: tuple[int, int],
        measure: Measure,
        category: str | None,
        most: int,
    ) -> list[ProductTrend]:
        """The products that moved the most units in some days; deleted ones too.

        `days`: the number of the first day, and of the one behind the last. `days_left` is None.
        """
        order = _MEASURES_OF_DAYS[measure]
        given: dict[str, Any] = {"first": days[0], "behind": days[1], "most": most}
        condition = ""
        if category is not None:
            condition = "WHERE category = :category "
            given["category"] = storable(category)
        # A product's days are one range of the table's key, so its other days are not read.
        rows = connection.execute(
            f"SELECT id, deleted, sum(up), sum(down), sum(sold), last_sold, NULL "  # noqa: S608 - bound values
            "FROM trend_products CROSS JOIN product_days "
            f"ON product = number AND day >= :first AND day < :behind {condition}"
            f"GROUP BY number HAVING {order} > 0 ORDER BY {order} DESC, id LIMIT :most",
            given,
        )
        return [self._trend(connection, row) for row in rows.fetchall()]

    def sales_rates(
        self, connection: sqlite3.Connection, now: datetime, product_ids: Sequence[str]
    ) -> dict[str, float]:
        """Units sold a day, of those of these products that were sold in the last 30 days."""
        asked = {storable(product_id): product_id for product_id in product_ids}
        rows = connection.execute(
            f"SELECT id, sold_{RATE_WINDOW} / 1e6 / {_DAYS} FROM trend_products WHERE id IN "  # noqa: S608 - bound values
            f"(SELECT value FROM json_each(:ids)) AND sold_{RATE_WINDOW} > 0",
            {"today": _today(now, self._zone), "ids": orjson.dumps(list(asked)).decode()},
        )
        return {asked[row_id]: rate for row_id, rate in rows}

    def _page(
        self,
        connection: sqlite3.Connection,
        ranking: _Ranking,
        values: dict[str, Any],
        now: datetime,
        category: str | None,
        limit: int,
        cursor: str | None,
    ) -> TrendPage:
        condition = ranking.condition
        given: dict[str, Any] = {**values, "today": _today(now, self._zone), "limit": limit + 1}
        if category is not None:
            condition += " AND category = :category"
            given["category"] = storable(category)
        if cursor is not None:
            today, place, last = place_of(ranking.name, cursor)
            given |= {"today": today, "place": place, "last": last}
            after = "<" if ranking.descending else ">"
            condition += (
                f" AND ({ranking.order} {after} :place"
                f" OR ({ranking.order} = :place AND id > :last))"
            )
        sums = ", ".join(f"{name}_{ranking.window}" for name in ("up", "down", "sold"))
        rows = connection.execute(
            f"SELECT {ranking.order}, id, deleted, {sums}, last_sold, "  # noqa: S608 - bound values
            f"CASE WHEN sold_{RATE_WINDOW} > 0 AND stock > -9e999 THEN {_DAYS_LEFT} END "
            f"FROM trend_products WHERE {condition} "
            f"ORDER BY 1 {'DESC' if ranking.descending else 'ASC'}, id LIMIT :limit",
            given,
        ).fetchall()
        following = None
        if len(rows) > limit:
            place, last = rows[limit - 1][:2]
            following = cursor_of(ranking.name, given["today"], place, last)
        return TrendPage([self._trend(connection, row[1:]) for row in rows[:limit]], following)

    def _trend(self, connection: sqlite3.Connection, row: Sequence[Any]) -> ProductTrend:
        product_id, deleted, up, down, sold, last_sold, days_left = row
        found = connection.execute(
            f"SELECT item FROM {WITH_ITEMS} WHERE id = ?",  # noqa: S608 - constants
            (product_id,),
        ).fetchone()
        return ProductTrend(
            product_id,
            bool(deleted),
            None if found is None else product_of(from_canonical(found[0]), self._names),
            number_from(up),
            number_from(down),
            number_from(sold),
            datetime.fromtimestamp(last_sold / 1000, UTC) if last_sold else None,
            None if deleted else days_left,
        )


def _today(now: datetime, zone: ZoneInfo) -> float:
    """The number of the day, and how much of it has passed."""
    local = now.astimezone(zone)
    passed = local.hour * 3600 + local.minute * 60 + local.second
    return local.toordinal() + passed / _DAY
