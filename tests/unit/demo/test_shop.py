"""The demo shop is a pure sequence of changes that a real shop could have made."""

from collections import Counter
from datetime import timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest

from app.demo.simulation.change import Change, Drop, Edit, Launch, Move
from app.demo.simulation.shop import changes, monday_morning

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
START = monday_morning(BERLIN)


@pytest.fixture(scope="module")
def months() -> dict[ZoneInfo, list[Change]]:
    """A month of changes in one shop, and two weeks in another."""

    def made(seed: int, zone: ZoneInfo, days: int) -> list[Change]:
        until = START + timedelta(days=days)
        return list(takewhile(lambda change: change.at < until, changes(seed, START, zone)))

    return {BERLIN: made(1, BERLIN, 30), KOLKATA: made(2, KOLKATA, 14)}


@pytest.fixture
def month_of_changes(months: dict[ZoneInfo, list[Change]]) -> list[Change]:
    return months[BERLIN]


def test_equal_seeds_give_equal_changes(month_of_changes: list[Change]) -> None:
    first, second = (list(islice(changes(seed, START, BERLIN), 500)) for seed in (1, 2))
    assert first == month_of_changes[:500]
    assert second != first


def test_month_has_10000_to_20000_changes_in_order(month_of_changes: list[Change]) -> None:
    assert 10_000 <= len(month_of_changes) <= 20_000
    assert all(one.at <= other.at for one, other in pairwise(month_of_changes))


@pytest.mark.parametrize("zone", [BERLIN, KOLKATA], ids=str)
def test_stock_is_never_negative_and_only_listed_products_change(
    months: dict[ZoneInfo, list[Change]], zone: ZoneInfo
) -> None:
    stock: dict[str, int] = {}
    for change in months[zone]:
        match change.action:
            case Launch(draft):
                assert change.product_id not in stock
                stock[change.product_id] = draft.stock
            case Move(delta):
                assert delta != 0
                stock[change.product_id] += delta
            case Edit(fields):
                assert change.product_id in stock
                stock[change.product_id] = fields.get("stock", stock[change.product_id])
            case Drop():
                assert stock.pop(change.product_id) == 0
        assert stock.get(change.product_id, 0) >= 0
        if not change.opening:
            assert len(stock) >= 200


def test_every_kind_of_change_happens(month_of_changes: list[Change]) -> None:
    done = Counter((type(change.action).__name__, change.reason) for change in month_of_changes)
    moves = ("sold", "received", "returned", "damaged", "lost", "found", "transfer")
    assert all(done["Move", reason] for reason in moves)
    assert done["Edit", "counted"]
    assert done["Edit", None]
    assert done["Drop", None]
    assert done["Launch", "received"] > sum(change.opening for change in month_of_changes)
    assert done["Move", "sold"] > len(month_of_changes) / 2


def test_shelves_are_filled_before_anything_else(month_of_changes: list[Change]) -> None:
    opening = [change for change in month_of_changes if change.opening]
    assert month_of_changes[: len(opening)] == opening
    assert len(opening) >= 200
    assert all(isinstance(change.action, Launch) for change in opening)


def test_signs_of_stock_changes_fit_their_reasons(month_of_changes: list[Change]) -> None:
    gains = {"received": True, "returned": True, "found": True}
    for change in month_of_changes:
        if isinstance(change.action, Move) and change.reason is not None:
            assert (change.action.delta > 0) == gains.get(change.reason, False)


@pytest.mark.parametrize("zone", [BERLIN, KOLKATA], ids=str)
def test_sales_follow_the_hour_and_the_weekday(
    months: dict[ZoneInfo, list[Change]], zone: ZoneInfo
) -> None:
    sold = [change.at.astimezone(zone) for change in months[zone] if change.reason == "sold"]
    by_hour = Counter(at.hour for at in sold)
    by_day = Counter(at.weekday() for at in sold)
    assert by_hour[12] > 2 * by_hour[8] > 4 * by_hour[5]
    assert by_hour[17] > by_hour[14]
    assert by_day[5] > by_day[0] > by_day[6] > 0


def test_delivery_follows_a_stock_at_the_reorder_point(month_of_changes: list[Change]) -> None:
    """A delivery fills a shelf that was at its reorder point shortly before."""
    stock: dict[str, int] = {}
    points: dict[str, int | None] = {}
    low_since_delivery: dict[str, bool] = {}
    deliveries = 0
    for change in month_of_changes:
        product_id = change.product_id
        match change.action:
            case Launch(draft):
                stock[product_id], points[product_id] = draft.stock, draft.reorder_point
                low_since_delivery[product_id] = False
            case Move(delta):
                if change.reason == "received":
                    deliveries += 1
                    assert low_since_delivery[product_id]
                    assert (change.reference or "").startswith("PO-")
                    low_since_delivery[product_id] = False
                stock[product_id] += delta
            case Edit(fields):
                stock[product_id] = fields.get("stock", stock[product_id])
                points[product_id] = fields.get("reorder_point", points[product_id])
            case Drop():
                continue
        point = points[product_id]
        # A little slack, because the reorder point may have been lowered since the order.
        if point is not None and stock[product_id] <= point + 2:
            low_since_delivery[product_id] = True
    assert deliveries > 200


def test_sale_has_an_order_number_and_return_refers_to_a_sale(
    month_of_changes: list[Change],
) -> None:
    orders = {change.reference for change in month_of_changes if change.reason == "sold"}
    returned = [change.reference for change in month_of_changes if change.reason == "returned"]
    assert None not in orders
    assert returned
    assert set(returned) <= orders
    assert len({change.actor for change in month_of_changes}) >= 8
    assert len({change.note for change in month_of_changes if change.note}) >= 15


def test_larger_and_busier_shop_makes_more_changes_a_day() -> None:
    usual, busy = (
        Counter(
            change.reason
            for change in takewhile(
                lambda change: change.at < START + timedelta(days=6),
                changes(1, START, BERLIN, products=1_000, pace=pace),
            )
            if not change.opening
        )
        for pace in (0.5, 4)
    )
    assert usual["sold"] + usual["counted"] > 0
    assert 6 < busy["sold"] / usual["sold"] < 10
    assert 6 < busy["counted"] / usual["counted"] < 10


def test_shop_can_open_at_any_time() -> None:
    for hour in range(0, 24, 5):
        start = START + timedelta(hours=hour + 0.4, days=hour)
        some = list(islice(changes(hour, start, BERLIN), 400))
        assert some[0].at == start
        assert all(one.at <= other.at for one, other in pairwise(some))
