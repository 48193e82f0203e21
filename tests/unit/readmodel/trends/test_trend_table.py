"""The sums are those of the events that the copy has, in whatever order these came and went."""

import os
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import ChangeEvent
from app.readmodel.trends.contributions import MINUTES, millionths, number_from
from app.readmodel.trends.trend_table import KEPT_MINUTES
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event, an_item
from tests.unit.readmodel.kit import Copy

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TODAY = NOON + timedelta(hours=1)


def sale(number: int, units: Any = 3, *, minutes_ago: float = 0, **fields: Any) -> ChangeEvent:
    """Event `number`: a sale at 2.50 each, from a stock of 1,000."""
    before, after = Decimal(1000), 1000 - Decimal(units)
    given = {
        "before": an_item(Stock={"N": str(before)}, Price={"N": "2.5"}, Category="Kitchen"),
        "after": an_item(Stock={"N": str(after)}, Price={"N": "2.5"}, Category="Kitchen"),
        "stock_before": before,
        "stock_after": after,
        "occurred_at": NOON - timedelta(minutes=minutes_ago),
    }
    return an_event(number, **(given | fields))


def keep(copy: Copy, events: Iterable[tuple[int, ChangeEvent]]) -> None:
    """Events arrive, each at its number of milliseconds."""
    arrived: list[Arrived] = [(Cursor(NOON_MS + ms, "0000abcd", 0), event) for ms, event in events]
    with copy.database.writing() as connection:
        copy.changes.keep(connection, arrived)


def rows(copy: Copy) -> dict[str, list[tuple[Any, ...]]]:
    """All sums; products by their ids, as their numbers tell in which order they came."""
    with copy.database.reading() as connection:
        return {
            "trends": connection.execute("SELECT * FROM trends").fetchall(),
            "days": connection.execute(
                "SELECT id, day, events, up, product_days.down, sold FROM product_days "
                "JOIN trend_products ON number = product ORDER BY id, day"
            ).fetchall(),
            "products": connection.execute(
                "SELECT id, last_sold, last_inserted, first_day, up_7, down_7, sold_7, up_30, "
                "down_30, sold_30, up_90, down_90, sold_90 FROM trend_products "
                "WHERE first_day > 0 ORDER BY id"
            ).fetchall(),
        }


def total(copy: Copy, scope: str, column: str = "down") -> Decimal:
    with copy.database.reading() as connection:
        (found,) = connection.execute(
            f"SELECT total({column}) FROM trends WHERE scope = ?", (scope,)
        ).fetchone()
    return number_from(found)


def an_odd_event(number: int, draw: random.Random) -> ChangeEvent:
    kind = draw.choice(
        ["stock_changed"] * 4 + ["inserted", "updated", "deleted", "reconciled", "gap"]
    )
    event = sale(
        number,
        draw.choice([3, -7, "0.25", "-0.000001", 0, 10**8]),
        minutes_ago=draw.choice([0, 1, 61, 300, 60 * 24 * 8, 60 * 24 * 100]),
        kind=kind,
        product_id=draw.choice(["P1", "P2", "half \ud83d"]),
        reason=draw.choice(["sold", "sold", "received", None]),
        category=draw.choice(["Kitchen", None, "half \ud83d"]),
        unit=draw.choice([None, "kg"]),
        actor=draw.choice(["ada", None]),
    )
    if kind == "inserted":
        return an_event(**(fields_of(event) | {"before": None, "stock_before": None}))
    if kind == "deleted":
        return an_event(**(fields_of(event) | {"after": None, "stock_after": None}))
    return event


def fields_of(event: ChangeEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


@settings(max_examples=settings().max_examples if LONG else 10, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12))
def test_sums_depend_only_on_the_events_that_the_copy_has(
    tmp_path_factory: pytest.TempPathFactory, seed: int, expired: int
) -> None:
    """Events come in any order, twice, before and after the day began; the oldest are pruned."""
    draw = random.Random(seed)
    events = [(ms, an_odd_event(ms, draw)) for ms in range(12)]
    folder: Path = tmp_path_factory.mktemp("sums")
    (folder / "one").mkdir()
    (folder / "other").mkdir()
    one, other = Copy(folder / "one"), Copy(folder / "other")
    with one.database, other.database:
        shuffled = draw.sample(events * 2, len(events) * 2)
        keep(one, shuffled[:7])
        one.changes.begin_day(TODAY - timedelta(days=3))
        for some in pairwise([7, 9, 16, len(shuffled)]):
            keep(one, shuffled[slice(*some)])
        one.changes.begin_day(TODAY)
        one.changes.prune(NOON_MS + expired)
        other.changes.begin_day(TODAY)
        keep(other, events[expired:])
        assert without_old_minutes(rows(one)) == without_old_minutes(rows(other))


def without_old_minutes(found: dict[str, Any]) -> dict[str, Any]:
    """Minutes that newer ones have ended do not come back when these expire."""
    return found | {"trends": [row for row in found["trends"] if row[0] != MINUTES]}


@pytest.mark.parametrize("order", [1, -1])
def test_only_the_newest_minutes_are_kept(copy: Copy, order: int) -> None:
    minutes_ago = [0, 1, 1, KEPT_MINUTES - 1, KEPT_MINUTES, 10_000][::order]
    keep(copy, ((n, sale(n, minutes_ago=ago)) for n, ago in enumerate(minutes_ago)))
    with copy.database.reading() as connection:
        found = connection.execute(
            "SELECT start, events FROM trends WHERE scope = ? ORDER BY start DESC", (MINUTES,)
        ).fetchall()
    newest = int(NOON.timestamp()) // 60
    assert found == [(newest, 1), (newest - 1, 2), (newest - KEPT_MINUTES + 1, 1)]


def test_fractions_and_large_stocks_sum_exactly(copy: Copy) -> None:
    sizes: Sequence[str] = ["0.1"] * 30 + ["0.000001", "8999999999.123456"]
    keep(copy, ((n, sale(n, size)) for n, size in enumerate(sizes)))
    assert total(copy, "all") == Decimal("9000000002.123457")


def test_a_sum_of_the_largest_stocks_has_15_digits(copy: Copy) -> None:
    keep(copy, ((n, sale(n, 10**15 - 1)) for n in range(3)))
    assert abs(total(copy, "all") - 3 * (10**15 - 1)) <= 5
    assert number_from(millionths(Decimal("1e125"))) == Decimal("1e125")


def test_an_event_that_may_prove_void_moves_nothing(copy: Copy) -> None:
    keep(copy, [(1, sale(1, kind="reconciled")), (2, sale(2, kind="gap"))])
    assert total(copy, "all") == 0
    assert total(copy, "events", "events") * 10**6 == 2


def test_last_sale_is_that_of_the_events_left(copy: Copy) -> None:
    """The event that arrived first happened last."""
    early, late = sale(1, minutes_ago=60), sale(2, minutes_ago=10)
    keep(copy, [(1, late), (2, early)])
    assert rows(copy)["products"][0][1] == NOON_MS - 600_000
    copy.changes.prune(NOON_MS + 2)
    assert rows(copy)["products"][0][1] == NOON_MS - 3_600_000
