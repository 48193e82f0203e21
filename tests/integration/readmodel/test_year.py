"""Every figure of a year of history equals one that DuckDB computes from the export.

`STOCKPULSE_TEST_YEAR` is the number of events (3,000; `make history` takes a million).
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from app.core.events import rfc3339
from tests.support.history.compared import NDJSON, Compared, compared

pytestmark = pytest.mark.embedded  # the history is written into the engine's file

EVENTS = int(os.environ.get("STOCKPULSE_TEST_YEAR", "3000"))
PRODUCTS = min(EVENTS // 10, 100_000)
ZONE = "Europe/Berlin"
SEVERAL = 200  # events of a page


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    with compared(tmp_path_factory.mktemp("year"), EVENTS, PRODUCTS, ZONE) as made:
        yield made


def shown(product: dict[str, Any]) -> tuple[Any, ...]:
    """Id, name, category, stock and price of a product that the API shows."""
    numbers = (Decimal(str(product[name])) for name in ("stock", "price"))
    return (product["product_id"], product["name"], product["category"], *numbers)


def stored(item: dict[str, Any]) -> tuple[Any, ...]:
    """The same of an image in the export."""
    numbers = (Decimal(str(item[name])) for name in ("Stock", "Price"))
    return (item["ProductID"], item["ProductName"], item["Category"], *numbers)


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


Query = dict[str, Any]
_TEXT = "lower(concat_ws(' ', product_name, product_id, category, note, reference, reason, actor))"


def equal(parameter: str, column: str) -> Callable[[Compared], tuple[Query, str]]:
    """A qualifier that compares a column with a value that many events have."""

    def made(year: Compared) -> tuple[Query, str]:
        value = year.duck.typical(column)
        return {parameter: value}, f"{column} = '{value}'"

    return made


def in_spring(year: Compared) -> tuple[Query, str]:
    """A week of the year, by its local dates."""
    first = (year.start + timedelta(days=100)).date()
    last = first + timedelta(days=6)
    day = f"local_day(occurred_at, '{ZONE}')"
    return {"q": f"created:{first}..{last}"}, f"{day} BETWEEN '{first}' AND '{last}'"


def in_a_time(year: Compared) -> tuple[Query, str]:
    since, until = (rfc3339(year.start + timedelta(days=days)) for days in (50, 250))
    condition = f"occurred_at >= '{since}' AND occurred_at < '{until}'"
    return {"since": since, "until": until}, condition


# A qualifier of a search for events, and the same condition in SQL.
QUALIFIERS: dict[str, Callable[[Compared], tuple[Query, str]]] = {
    "kind": lambda _: ({"kind": "updated"}, "kind = 'updated'"),
    "product": equal("product_id", "product_id"),
    "category": equal("category", "category"),
    "actor": equal("actor", "actor"),
    "reason": lambda _: ({"reason": "sold"}, "reason = 'sold'"),
    "reference": equal("reference", "reference"),
    "request": equal("request_id", "request_id"),
    "size": lambda _: ({"min_delta": 10}, "abs(delta) >= 10"),
    "sizes": lambda _: ({"q": "delta:2..12"}, "abs(delta) BETWEEN 2 AND 12"),
    "word": lambda _: ({"q": "ca"}, f"regexp_matches({_TEXT}, '\\bca')"),
    "phrase": lambda _: ({"q": '"watering can"'}, f"regexp_matches({_TEXT}, '\\bwatering can\\b')"),
    "not a reason": lambda _: ({"q": "-reason:sold"}, "reason IS DISTINCT FROM 'sold'"),
    "not a word": lambda _: ({"q": "-web"}, f"NOT regexp_matches({_TEXT}, '\\bweb')"),
    "not a size": lambda _: ({"q": "-delta:1"}, "abs(delta) IS DISTINCT FROM 1"),
    "days": in_spring,
    "time": in_a_time,
}  # fmt: skip


def combined(year: Compared, names: tuple[str, ...]) -> tuple[Query, list[tuple[str, str]]]:
    """The query with all these qualifiers, and the events that it finds, as they arrived."""
    query: Query = {}
    conditions = []
    for name in names:
        given, condition = QUALIFIERS[name](year)
        if "q" in given and "q" in query:
            given = {"q": f"{query['q']} {given['q']}"}
        query |= given
        conditions.append(condition)
    return query, year.duck.matching(" AND ".join(f"({one})" for one in conditions))


def keys(events: list[Any]) -> list[tuple[str, str]]:
    return [(one["data"]["product_id"], one["data"]["event_key"]) for one in events]


@pytest.mark.parametrize("name", QUALIFIERS)
def test_search_finds_exactly_the_events_with_its_qualifier(year: Compared, name: str) -> None:
    query, expected = combined(year, (name,))
    assert expected
    answer = year.app.http.get(
        "/v1/events", params=query | {"order": "oldest"}, headers=NDJSON, timeout=600
    )
    assert keys([orjson.loads(line) for line in answer.content.splitlines()]) == expected


@pytest.mark.parametrize("names", [(), *combinations(QUALIFIERS, 2)], ids="+".join)
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
