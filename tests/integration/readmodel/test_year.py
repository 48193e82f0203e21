"""Every figure of a year of history equals one that DuckDB computes from the export.

`STOCKPULSE_TEST_YEAR` is the number of events (3,000; `make history` takes a million).
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random

import orjson
import pytest

from app.core.events import rfc3339
from tests.support.history.compared import (
    NDJSON,
    ZONE,
    Compared,
    compared,
    local_day,
    moved,
    shown,
    stored,
    summed,
)
from tests.support.history.qualifiers import QUALIFIERS, combined, keys

pytestmark = pytest.mark.embedded  # the history is written into the engine's file

EVENTS = int(os.environ.get("STOCKPULSE_TEST_YEAR", "3000"))
PRODUCTS = min(EVENTS // 10, 100_000)
SEVERAL = 200  # events of a page
_NAMES = list(QUALIFIERS)
# All pairs of qualifiers in the long run; in the short one each qualifier with the two after it:
# `test_event_conditions` tries combinations at random.
PAIRS = (
    list(combinations(_NAMES, 2))
    if EVENTS > 3000
    else [(one, _NAMES[(n + far) % len(_NAMES)]) for n, one in enumerate(_NAMES) for far in (1, 2)]
)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    with compared(tmp_path_factory.mktemp("year"), EVENTS, PRODUCTS) as made:
        yield made


def test_list_of_products_is_what_the_events_left(year: Compared) -> None:
    listed = [shown(one) for one in year.pages("/v1/products", sort="name")]
    expected = [stored(item) for item in year.duck.catalogue(year.now).values()]
    assert sorted(listed) == sorted(expected)


@pytest.mark.parametrize("number", range(4))
def test_catalogue_of_any_time_is_what_the_events_up_to_it_left(
    year: Compared, number: int
) -> None:
    moment = year.moments(4)[number]
    expected = [stored(item) for item in year.duck.catalogue(moment).values()]
    then = {"as_of": moment.isoformat()}
    listed = list(year.pages("/v1/products", **then))
    assert [one["product_id"] for one in listed] == sorted(one[0] for one in expected)
    assert sorted(map(shown, listed)) == sorted(expected)
    query = {"sort": "-stock", "category": "Toys", "total": "exact", "limit": 200} | then
    found = year.app.http.get("/v1/products", params=query).json()
    toys = [one for one in expected if one[2] == "Toys"]
    assert found["total"] == {"count": len(toys), "exact": True}
    stocks = [shown(one)[3] for one in found["items"]]
    assert stocks == sorted((one[3] for one in toys), reverse=True)[:200]
    assert found["unknown"] == 0


@pytest.mark.parametrize("field", ["category", "tag", "low", "out"])
def test_totals_of_products(year: Compared, field: str) -> None:
    items = year.duck.catalogue(year.now).values()
    expected = Counter({"true": 0} if field in {"low", "out"} else {})
    for item in items:
        stock = Decimal(str(item["Stock"]))
        values = {
            "category": [item["Category"]],
            "tag": item.get("Tags", []),
            "low": ["true"] * (stock <= item.get("ReorderPoint", Decimal("-inf"))),
            "out": ["true"] * (stock <= 0),
        }
        expected.update(values[field])
    assert expected
    for value, count in expected.items():
        query = {field: value, "total": "exact", "limit": 1}
        total = year.app.http.get("/v1/products", params=query).json()["total"]
        assert total == {"count": count, "exact": True}, value


def test_deleted_products(year: Compared) -> None:
    listed = {one["product_id"] for one in year.pages("/v1/products", deleted="true")}
    seen = {product_id for product_id, _ in year.duck.matching("kind <> 'gap'")}
    assert listed == seen - year.duck.catalogue(year.now).keys()
    assert listed


def test_product_as_of_a_time(year: Compared) -> None:
    random = Random(2)
    ids = sorted({product_id for product_id, _ in year.duck.matching("void OR kind = 'deleted'")})
    for moment in year.moments(20):
        then = year.duck.catalogue(moment)
        for product_id in random.sample(ids, min(5, len(ids))):
            query = {"as_of": moment.isoformat()}
            answer = year.app.http.get(f"/v1/products/{product_id}", params=query)
            if product_id in then:
                assert answer.status_code == 200, answer.text
                stock = Decimal(str(answer.json()["stock"]))
                assert stock == Decimal(str(then[product_id]["Stock"]))
            else:
                assert answer.status_code in {404, 410}


def test_void_events_are_marked(year: Compared) -> None:
    void = year.duck.matching("void")
    assert void
    for product_id, key in void[:20]:
        events = year.pages(f"/v1/products/{product_id}/events")
        found = {one["data"]["event_key"]: one.get("void") for one in events}
        assert found[key] is True
        assert sum(map(bool, found.values())) == len(
            year.duck.matching("void AND product_id = $id", id=product_id)
        )


@pytest.mark.parametrize("name", QUALIFIERS)
def test_search_finds_exactly_the_events_with_its_qualifier(year: Compared, name: str) -> None:
    query, expected = combined(year, (name,))
    assert expected
    answer = year.app.http.get(
        "/v1/events", params=query | {"order": "oldest"}, headers=NDJSON, timeout=600
    )
    assert keys([orjson.loads(line) for line in answer.content.splitlines()]) == expected


@pytest.mark.parametrize("names", [(), *PAIRS], ids="+".join)
def test_search_with_two_qualifiers_has_both_ends_and_the_total(
    year: Compared, names: tuple[str, ...]
) -> None:
    query, expected = combined(year, names) if names else ({}, year.duck.matching())
    found = year.ask("/v1/events", limit=SEVERAL, total="exact", **query)
    assert found["total"] == {"count": len(expected), "exact": True}
    assert keys(found["items"]) == expected[::-1][:SEVERAL]
    found = year.ask("/v1/events", limit=SEVERAL, order="oldest", **query)
    assert keys(found["items"]) == expected[:SEVERAL]


def test_pages_of_a_search_in_both_orders(year: Compared) -> None:
    query, expected = combined(year, ("not a reason", "time"))
    for order, events in (("newest", expected[::-1]), ("oldest", expected)):
        assert keys([*year.pages("/v1/events", order=order, limit=50, **query)]) == events


def test_movement(year: Compared) -> None:
    found = year.ask("/v1/analytics/movement", range="365d", bucket="day")
    since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
    expected = year.duck.movement(ZONE.key, since, until)
    assert summed(
        {local_day(one["start"]): moved(*one["sums"]) for one in found["items"]}
    ) == summed(expected, lambda key: key[0])
    reasons = {(one["kind"], one["reason"]): moved(one) for one in found["reasons"]}
    assert summed(reasons, lambda key: key[1]) == summed(expected, lambda key: key[1])
    categories = {one["category"]: moved(one) for one in found["categories"]}
    assert summed(categories) == summed(expected, lambda key: key[2])
    query = {"range": "365d", "bucket": "day", "category": "Pantry", "reason": "sold"}
    found = year.ask("/v1/analytics/movement", **query)
    pantry = {key: units for key, units in expected.items() if key[1:] == ("sold", "Pantry")}
    assert pantry
    assert summed(
        {local_day(one["start"]): moved(*one["sums"]) for one in found["items"]}
    ) == summed(pantry, lambda key: key[0])


def test_event_rate(year: Compared) -> None:
    found = year.ask("/v1/analytics/event-rate", range="365d", bucket="day")
    since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
    days = {local_day(one["start"]): one["events"] for one in found["items"]}
    per_day = year.duck.per_day(ZONE.key).items()
    assert Counter(days) == Counter(
        {day: n for day, n in per_day if day >= local_day(found["since"])}
    )
    kinds: Counter[str] = sum((Counter(one["kinds"]) for one in found["items"]), Counter())
    assert kinds == year.duck.kinds(since, until)
    found = year.ask("/v1/analytics/event-rate", since=rfc3339(year.now - timedelta(days=4)))
    since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
    assert found["bucket"] == "15m"
    quarters = {datetime.fromisoformat(one["start"]): one["events"] for one in found["items"]}
    assert Counter(quarters) == Counter(year.duck.per_quarter(since, until))


def test_stock_value(year: Compared) -> None:
    """It is known from the newest event on that does not show what it changed."""
    found = year.ask("/v1/analytics/stock-value", range="365d", bucket="day")
    *starts, last = found["items"]
    today = local_day(rfc3339(year.now))
    before = {one["at"]: local_day(one["at"]) - timedelta(days=1) for one in starts}
    values = year.duck.values(ZONE.key, [*before.values(), today])
    assert Decimal(last["value"]) == values[today]
    assert found["known_since"] is not None
    for one in starts:
        known = one["at"] >= found["known_since"]
        assert (one["value"] is None) != known
        assert not known or Decimal(one["value"]) == values[before[one["at"]]]


@pytest.mark.parametrize("days", [7, 30, 90])
def test_top_movers(year: Compared, days: int) -> None:
    midnight = datetime.combine(local_day(rfc3339(year.now)), time(), ZONE)
    since = midnight - timedelta(days=days - 1)  # at midnight, whatever clocks do in between
    every, sold = (year.duck.moved(since, year.now, reason) for reason in (None, "sold"))
    nothing = (Decimal(0), Decimal(0))
    for by, measure in {
        "in": lambda name: every[name][0],
        "out": lambda name: every[name][1],
        "moved": lambda name: sum(every[name]),
        "sold": lambda name: sold.get(name, nothing)[1] - sold.get(name, nothing)[0],
    }.items():
        found = year.pages("/v1/analytics/top-movers", range=f"{days}d", by=by)
        expected = sorted((-measure(name), name) for name in every if measure(name) > 0)
        movers = [(one["product_id"], *moved(one)) for one in found]
        assert movers == [(name, *every[name]) for _, name in expected]


@pytest.mark.parametrize("days", [1, 30, 90, 200])
def test_products_not_sold(year: Compared, days: int) -> None:
    begin = datetime.now(UTC)
    found = {one["product_id"] for one in year.pages("/v1/analytics/not-sold", days=days)}
    early, late = (
        year.duck.not_sold(now - timedelta(days=days), now) for now in (begin, datetime.now(UTC))
    )
    assert early <= found <= late
    assert found or days > 1


def test_days_left(year: Compared) -> None:
    begin = year.duck.days_left(ZONE.key, datetime.now(UTC))
    listed = list(year.pages("/v1/analytics/days-left"))
    end = year.duck.days_left(ZONE.key, datetime.now(UTC))
    found = {one["product_id"]: one["days_left"] for one in listed}
    assert found.keys() == begin.keys()
    assert found
    for name, days in found.items():
        assert begin[name] - 0.01 <= days <= end[name] + 0.01
    assert [*found.values()] == sorted(found.values())
