"""Every figure of a year of history equals one that DuckDB computes from the export.

`STOCKPULSE_TEST_YEAR` is the number of events (5,000; `make history` takes a million).
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from app.core.item import DEFAULT_NAMES
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import ensure_tables
from app.store.engine import EmbeddedEngine
from tests.support.history.duck import DuckFigures
from tests.support.history.past_writer import PastWriter, in_rows
from tests.support.history.year import DAYS, Year
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

pytestmark = pytest.mark.embedded  # the history is written into the engine's file

EVENTS = int(os.environ.get("STOCKPULSE_TEST_YEAR", "5000"))
PRODUCTS = min(EVENTS // 10, 100_000)
START = (datetime.now(UTC) - timedelta(days=DAYS * 1.1)).replace(microsecond=0)


@dataclass(frozen=True)
class Compared:
    """An application with a year of history, and the independent figures of its export."""

    app: App
    duck: DuckFigures
    now: datetime

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of every page."""
        url = str(self.app.http.build_request("GET", path, params={"limit": 200} | query).url)
        while url:
            answer = self.app.http.get(url)
            assert answer.status_code == 200, answer.text
            yield from answer.json()["items"]
            url = answer.links.get("next", {}).get("url", "")

    def moments(self, count: int) -> list[datetime]:
        """Whole seconds of the year."""
        seconds = int((self.now - START).total_seconds())
        random = Random(1)
        return [START + timedelta(seconds=random.randrange(seconds)) for _ in range(count)]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    folder = tmp_path_factory.mktemp("year")
    settings = settings_for("embedded", folder)
    with EmbeddedEngine(folder) as engine:
        clients = connect(engine.url)
        ensure_tables(clients.tables, settings.table_names, DEFAULT_NAMES)
    made = Year(EVENTS, PRODUCTS, start=START)
    with PastWriter(folder / "engine.db", settings.table_names) as past:
        for batch in in_rows(made, 10_000):
            past.write(batch)
        past.end(made.items.values())
    with serving(settings) as app:
        until(lambda: app.services.read_model.state.events.filled, EVENTS / 100 + 30)
        export = folder / "events.ndjson"
        _export(app, export)
        with DuckFigures(export, folder) as duck:
            yield Compared(app, duck, datetime.now(UTC))


def _export(app: App, file: Path) -> None:
    """Write all events."""
    url = "/v1/events?limit=200"
    with file.open("wb") as out:
        while url:
            answer = app.http.get(url)
            for event in answer.json()["items"]:
                out.write(orjson.dumps(event) + b"\n")
            url = answer.links.get("next", {}).get("url", "")


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


# A qualifier of a search for events, and the same condition in SQL.
QUALIFIERS: dict[str, tuple[dict[str, Any], str]] = {
    "kind": ({"kind": "deleted"}, "kind = 'deleted'"),
    "actor": ({"actor": "Elif"}, "actor = 'Elif'"),
    "category": ({"category": "Pantry"}, "category = 'Pantry'"),
    "size": ({"min_delta": 10}, "abs(delta) >= 10"),
}


@pytest.mark.parametrize(
    "names", [*((name,) for name in QUALIFIERS), *combinations(QUALIFIERS, 2)], ids="+".join
)
def test_search_finds_exactly_the_events_with_its_qualifiers(
    year: Compared, names: tuple[str, ...]
) -> None:
    query = {key: value for name in names for key, value in QUALIFIERS[name][0].items()}
    condition = " AND ".join(QUALIFIERS[name][1] for name in names)
    found = [one["data"] for one in year.pages("/v1/events", **query)]
    expected = year.duck.matching(condition)
    assert sorted((one["event_key"], one["product_id"]) for one in found) == [
        (key, product_id) for product_id, key in expected
    ]
    times = [one["occurred_at"] for one in found]
    assert times == sorted(times, reverse=True)
