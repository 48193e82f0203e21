"""Every figure of a shop's history equals that of a plain computation over its events."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, number, stock, text
from app.readmodel.changes import Changes
from app.readmodel.trends import series
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.periods import period, since_of, start_of
from app.readmodel.trends.rankings import Rankings
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON_MS, Item, an_event, an_item
from tests.unit.readmodel.kit import START, Copy, key

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 3, 14, 20, 30, tzinfo=UTC)  # nine days after clocks were set back
PRODUCTS = [f"P{n}" for n in range(8)]
REASONS = ["sold", "sold", "sold", "received", "lost", None]


def history(draw: random.Random) -> list[ChangeEvent]:
    """Changes of 100 days, each with the images before and after it."""
    items: dict[str, Item] = {}
    events = []
    moments = sorted(NOW - timedelta(seconds=draw.randrange(100 * 86400)) for _ in range(400))
    for count, moment in enumerate(moments):
        name = draw.choice(PRODUCTS)
        before = items.get(name)
        after = changed(name, before, draw)
        items.pop(name, None)
        if after is not None:
            items[name] = after
        events.append(event_of(count, moment, (before, after), draw.choice(REASONS)))
    return events


def changed(name: str, item: Item | None, draw: random.Random) -> Item | None:
    """The next state of a product: mostly another stock, sometimes another price, or none."""
    if item is None:
        category = draw.choice(["Tea", "Cups"])
        price = {"N": draw.choice(["2.5", "0.99", "100"])}
        return an_item(name, Stock={"N": str(draw.randrange(50))}, Price=price, Category=category)
    match draw.randrange(20):
        case 0:
            return None
        case 1:
            return item | an_item(name, Price={"N": draw.choice(["3.25", "7"])})
        case _:
            step = Decimal(draw.choice(["-1", "-2", "-0.125", "20"]))
            return item | an_item(name, Stock={"N": str((stock(item) or Decimal(0)) + step)})


def event_of(
    count: int, moment: datetime, images: tuple[Item | None, Item | None], reason: str | None
) -> ChangeEvent:
    before, after = images
    units = stock(before), stock(after)
    kind = "stock_changed" if units[0] != units[1] else "updated"
    kind = "inserted" if before is None else "deleted" if after is None else kind
    return an_event(
        count,
        event_key=key(count),
        kind=kind,
        product_id=text(after or before, "ProductID"),
        before=before,
        after=after,
        stock_before=units[0],
        stock_after=units[1],
        category=text(after or before, "Category"),
        reason=reason,
        occurred_at=moment,
    )


def value_at(events: Sequence[ChangeEvent], moment: datetime) -> Decimal:
    items = {event.product_id: event.after for event in events if event.occurred_at < moment}
    return sum(
        ((stock(one) or 0) * (number(one, "Price") or 0) for one in items.values() if one),
        Decimal(0),
    )


@pytest.fixture(scope="module", params=[1, 2, 3])
def events(request: pytest.FixtureRequest) -> list[ChangeEvent]:
    return history(random.Random(request.param))


@pytest.fixture(scope="module")
def read(
    events: list[ChangeEvent], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Any]]:
    """Calls a figure with a connection to a copy whose events came in any order."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    changes = Changes(copy.database, DEFAULT_NAMES, copy.own_writes, lambda ids: {}, ZONE)
    changes.begin_day(NOW)
    arrived = [(Cursor(NOON_MS + n, "0000abcd", 0), event) for n, event in enumerate(events)]
    random.Random(7).shuffle(arrived)
    for start in range(0, len(arrived), 50):
        changes.apply(arrived[start : start + 50], START)

    def call(figure: Callable[..., Any], *given: Any) -> Any:
        with copy.database.reading() as connection:
            return figure(connection, *given)

    with copy.database:
        yield call


@pytest.mark.parametrize("name", ["24h", "7d", "30d", "90d"])
def test_movement_and_rates(read: Callable[..., Any], events: list[ChangeEvent], name: Any) -> None:
    bucket: Any = "15m" if name == "24h" else "day"
    cut = period(since_of(name, NOW, ZONE), NOW, bucket, ZONE)
    movement, rates = read(series.movement, cut, None, None), read(series.event_rate, cut)
    inside = [event for event in events if start_of(cut.first) <= event.occurred_at]
    by: dict[str, Counter[Any]] = defaultdict(Counter)
    for event in inside:
        local = event.occurred_at.astimezone(ZONE)
        wall = local.date() if bucket == "day" else event.occurred_at.timestamp() // 900
        by["events"][wall] += 1
        delta = event.delta or Decimal(0)
        by["reason"][event.kind, event.reason or ""] += abs(delta)  # type: ignore[assignment]
        by["category"][event.category] += abs(delta)  # type: ignore[assignment]

    def moved(sums: dict[str, series.Sum]) -> Decimal:
        return sum((number_from(one.units_in + one.units_out) for one in sums.values()), Decimal(0))

    assert {name: moved(sums) for name, sums in movement.reasons.items()} == {
        name: units for name, units in by["reason"].items() if name[0] != "updated"
    }
    found = {name: moved(sums) for name, sums in movement.categories.items()}
    assert found == {name: units for name, units in by["category"].items() if name in found}
    assert sum(found.values()) == by["category"].total()
    assert [rate.events for rate in rates if rate.events] == list(by["events"].values())
    assert sum(moved(sums) for sums in movement.buckets) == by["reason"].total()


def test_stock_value(read: Callable[..., Any], events: list[ChangeEvent]) -> None:
    cut = period(since_of("90d", NOW, ZONE), NOW, "day", ZONE)
    points, known_since = read(series.stock_value, cut, NOW)
    assert known_since is None
    assert points == [(at, value_at(events, at)) for at, _ in points]
    assert points[-1][0] == NOW


@pytest.mark.parametrize("window", [7, 30, 90])
def test_lists_of_products(
    read: Callable[..., Any], events: list[ChangeEvent], window: Any
) -> None:
    rankings = Rankings(DEFAULT_NAMES, ZONE)
    since = since_of(f"{window}d", NOW, ZONE)  # type: ignore[arg-type]
    sold: Counter[str] = Counter()
    last_sold: dict[str, datetime] = {}
    items = {event.product_id: event.after for event in events}
    for event in events:
        if event.kind == "stock_changed" and event.reason == "sold":
            assert event.delta is not None
            if event.delta < 0:
                last_sold[event.product_id] = event.occurred_at
            if event.occurred_at >= since:
                sold[event.product_id] -= event.delta  # type: ignore[assignment]
    movers = read(rankings.top_movers, NOW, window, "sold", None, 50, None).items
    expected = sorted((-units, name) for name, units in sold.items() if units > 0)
    assert [(-one.units_sold, one.product_id) for one in movers] == expected
    left = read(rankings.days_left, NOW, None, 50, None).items
    assert {one.product_id for one in left} <= {name for name, item in items.items() if item}
    for one in left:
        rate = one.units_sold / Decimal(29 + (15 * 3600 + 20 * 60 + 30) / 86400)
        shown = max(stock(items[one.product_id]) or Decimal(0), Decimal(0))
        assert one.days_left == pytest.approx(float(shown / rate))
        assert one.last_sold == last_sold[one.product_id]
