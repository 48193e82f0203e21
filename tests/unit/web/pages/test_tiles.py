"""The tiles show the stock now and the last hour, and say since when an incomplete count is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.core.events import data_of
from app.readmodel.trends.last_hour import StockSums
from app.web.pages.live.tiles import Effect, Tiles, effect_of, tiles_of, tiles_of_sums
from app.web.pages.rows.stock_level import LevelNames
from tests.support.builders import an_event
from tests.support.paths import TESTS

NOW = datetime(2026, 11, 21, 8, 30, 30, tzinfo=UTC)
MINUTE = int(NOW.timestamp()) // 60
STOCK = StockSums(10, {"": Decimal(500), "kg": Decimal(4)}, 2, 1)
# tests/js/tiles.test.js runs the same cases in the browser's code.
CASES = json.loads((TESTS / "js" / "effects.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_effect_of_an_event_matches_the_browser(case: dict[str, Any]) -> None:
    effect = effect_of(data_of(an_event()) | case["data"], LevelNames(unit="Unit"))
    found = {name: getattr(effect, name) for name in ("products", "low", "out")}
    expected = {"products": 0, "units": [], "low": 0, "out": 0} | case["expect"]
    units = {unit: Decimal(str(change)) for unit, change in expected.pop("units")}
    assert (found, effect.units) == (expected, units)


def effect(minutes_ago: float = 0, changes: int = 1, **more: Any) -> Effect:
    return Effect(NOW - timedelta(minutes=minutes_ago), changes, **more)


def test_changes_are_counted_by_minute() -> None:
    tiles = tiles_of([effect(), effect(0.2), effect(2)], NOW, complete=True)
    assert tiles.minutes == {MINUTE: 2, MINUTE - 2: 1}
    assert tiles.changes == 3
    assert tiles.stock is None


def test_changes_older_than_an_hour_are_not_counted() -> None:
    tiles = tiles_of([effect(61)], NOW, complete=False)
    assert (tiles.changes, tiles.since) == (0, None)


def test_incomplete_hour_says_since_when_it_counts() -> None:
    effects = [effect(1), effect(10)]
    assert tiles_of(effects, NOW, complete=False).since == NOW - timedelta(minutes=10)
    assert tiles_of(effects, NOW, complete=True).since is None


def test_event_from_the_future_counts_in_the_current_minute() -> None:
    assert tiles_of([effect(-5)], NOW, complete=True).minutes == {MINUTE: 1}


def test_gap_and_reconciled_entries_are_no_changes() -> None:
    events = [an_event(kind=kind, occurred_at=NOW) for kind in ("gap", "reconciled")]
    effects = [effect_of(data_of(event), LevelNames()) for event in events]
    assert tiles_of(effects, NOW, complete=True).changes == 0


def test_sums_of_the_hour_are_complete() -> None:
    minutes = [(MINUTE - 40, 1), (MINUTE - 2, 2), (MINUTE + 3, 4)]
    tiles = tiles_of_sums(
        minutes, {MINUTE: 1500, MINUTE - 1: 400}, STOCK, NOW, missing=[], later=[]
    )
    assert tiles.minutes == {MINUTE - 40: 1, MINUTE - 2: 2, MINUTE: 4}
    assert (tiles.since, tiles.stock, tiles.worst_delay) == (None, STOCK, 1.5)


def test_event_that_the_sums_lack_is_added_and_one_that_the_stream_sends_is_taken_off() -> None:
    missing = [
        effect(products=1, units={"": Decimal(7)}, low=1),
        effect(90, units={"": Decimal(1), "m": Decimal(2)}),
        effect(0, 0),
    ]
    later = [effect(units={"": Decimal("-0.5")}, out=1)]
    tiles = tiles_of_sums([(MINUTE, 5)], {}, STOCK, NOW, missing=missing, later=later)
    assert tiles.minutes == {MINUTE: 5}
    assert tiles.stock == StockSums(
        11, {"": Decimal("508.5"), "kg": Decimal(4), "m": Decimal(2)}, 3, 0
    )
    assert tiles.in_stock == ["508.5", "4 kg", "2 m"]
    many = StockSums(9, {f"u{n}": Decimal(n) for n in range(9)}, 0, 0)
    assert replace(tiles, stock=many).in_stock[4:] == ["4 u4", "and 4 more"]
    assert tiles.worst_delay is None


def test_sparkline_has_sixty_minutes_and_reaches_its_height_at_the_peak() -> None:
    line = Tiles({MINUTE: 8, MINUTE - 59: 4}, {}).line(NOW, 24).removeprefix("M").split("L")
    assert (line[0], line[1], line[-1], len(line)) == ("0 12.0", "1 24.0", "59 0.0", 60)
