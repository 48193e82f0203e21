"""A greater event key wins, whatever comes again, late, or from two workers at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from app.core.events import ChangeEvent
from tests.integration.replica.kit import Replicated
from tests.support.builders import NOON, an_event, an_item
from tests.support.history.year import Year
from worker.sinks.replica.replica_rows import product_row
from worker.sinks.shaping import Projection

LONG = "12345678901234567890.12345678901234567"
PRODUCTS, EACH = 40, 10


def life(product: int) -> list[ChangeEvent]:
    """A product's events: it is deleted in the middle, and the last ones are deleted at the end."""
    name, found = f"P{product:02}", []
    for n in range(EACH):
        number = product * EACH + n
        image = an_item(name, Stock=number)
        ends = n == EACH // 2 or (n == EACH - 1 and product % 4 == 0)
        changes = {"kind": "deleted", "after": None, "before": image} if ends else {"after": image}
        found.append(an_event(number, product_id=name, **changes))
    return found


EVENTS = [event for product in range(PRODUCTS) for event in life(product)]
LIVE = [(f"P{product:02}", product * EACH + EACH - 1) for product in range(PRODUCTS) if product % 4]


@pytest.mark.parametrize("keeps_deleted", [False, True])
def test_shuffled_and_repeated_events_of_two_workers_give_the_last_state(
    replicated: Replicated, *, keeps_deleted: bool
) -> None:
    chance = random.Random(3)
    twice = [*EVENTS, *chance.choices(EVENTS, k=100)]
    chance.shuffle(twice)
    replicas = [replicated.replica(keeps_deleted=keeps_deleted) for _ in range(2)]
    replicas[0].deliver(EVENTS[:1])  # creates the tables
    batches = [twice[start : start + 25] for start in range(0, len(twice), 25)]
    with ThreadPoolExecutor(2) as workers:
        rejected = workers.map(lambda n: replicas[n % 2].deliver(batches[n]), range(len(batches)))
        assert not any(rejected)
    columns = "product_id, stock, deleted_at"
    rows = replicated.products(columns)
    assert [row[:2] for row in rows if row[2] is None] == LIVE
    deleted = [f"P{product:02}" for product in range(0, PRODUCTS, 4)]
    assert [row[0] for row in rows if row[2] is not None] == (deleted if keeps_deleted else [])
    ((events,),) = replicated.execute("SELECT count(*) FROM stockpulse_events")
    assert events == len(EVENTS)


def test_late_event_does_not_bring_a_deleted_product_back(replicated: Replicated) -> None:
    replica = replicated.replica()
    first, deletion = life(1)[0], life(1)[EACH // 2]
    replica.deliver([first, deletion])
    replica.deliver([first])
    assert replicated.products() == []
    replica.deliver([life(1)[-1]])
    assert replicated.products() == [("P01", 19)]
    assert replicated.execute("SELECT count(*) FROM stockpulse_removed") == [(0,)]


def test_rows_hold_every_digit_and_other_programs_attributes(replicated: Replicated) -> None:
    image = an_item(
        Stock={"N": LONG},
        Price={"N": "19.90"},
        ProductName="Tea",
        Supplier={"M": {"id": {"N": LONG}, "names": {"SS": ["b", "a"]}}},
        Photo={"B": b"\x00\xff"},
    )
    event = an_event(after=image, stock_before=Decimal(1), stock_after=Decimal(LONG))
    assert replicated.replica().deliver([event]) == []
    row, stored = replicated.products("stock, price, attributes, event_key")[0], "attributes"
    assert Decimal(str(row[0])) == Decimal(LONG)
    assert float(row[1]) == 19.9
    assert row[3] == event.event_key
    path = "json_extract({}, '$.Supplier.id')" if replicated.is_sqlite else "{}->'Supplier'->>'id'"
    assert replicated.products(path.format(stored)) == [(LONG,)]
    is_less = replicated.execute("SELECT price < 20, price > 19 FROM stockpulse_products")
    assert [tuple(map(bool, found)) for found in is_less] == [(True, True)]
    query = "SELECT kind, actor, delta, occurred_at FROM stockpulse_events"
    ((kind, actor, delta, at),) = replicated.execute(query)
    assert (kind, actor, Decimal(str(delta))) == ("stock_changed", "ada", event.delta)
    assert str(at).startswith(NOON.strftime("%Y-%m-%d %H:%M:%S"))


def test_projection_and_filter_decide_what_the_database_gets(replicated: Replicated) -> None:
    replica = replicated.replica(
        projection=Projection(["ProductName"], replicated.deployment.names),
        keeps=lambda event: event.reason == "sold",
    )
    replica.deliver([an_event(1), an_event(2, reason="received")])
    assert replicated.products("name, stock, category") == [("Blue mug", None, None)]
    events = replicated.execute("SELECT reason, stock_after, product_name FROM stockpulse_events")
    assert [tuple(row) for row in events] == [(None, None, "Blue mug")]


def test_year_of_a_shop_ends_with_the_products_of_the_table(replicated: Replicated) -> None:
    year, replica, names = Year(1_500, 100), replicated.replica(), replicated.deployment.names
    events = [event for _, event in year]
    for start in range(0, len(events), 250):
        assert replica.deliver(events[start : start + 250]) == []
    rows = [product_row(item, names, Projection(None, names)) for item in year.items.values()]
    expected = sorted((row["product_id"], row["stock"], row["price"]) for row in rows if row)
    found = replicated.products("product_id, stock, price")
    assert [
        (one, Decimal(str(stock)), Decimal(str(price))) for one, stock, price in found
    ] == expected
