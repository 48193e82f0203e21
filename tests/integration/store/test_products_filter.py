"""Of a table that holds other items too, only those that the filter matches are products."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.core.keys import KeyPart, KeySchema
from app.readmodel.fill import Fill
from app.store.audit.entry import event_of
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableError
from app.store.products import product_reader
from tests.integration.store.keyed import create_table, verified
from tests.support.http.sse import Listener
from tests.support.processes.running import App, serving, settings_for
from tests.support.reconciling import Parts
from tests.support.waiting import until

BOTH = "NEW_AND_OLD_IMAGES"
SCHEMA = KeySchema(KeyPart("PK"), KeyPart("SK"))
BY_KEY = json.dumps({"SK": {"S": [{"prefix": "SKU#"}]}})
BY_TYPE = json.dumps({"type": {"S": ["product"]}})


def table_of(tmp_path: Path) -> str:
    return f"single-{tmp_path.name[-30:]}"


def an_item(sk: str, **attributes: Any) -> dict[str, Any]:
    return {"PK": {"S": "SHOP#1"}, "SK": {"S": sk}, **attributes}


def put(app: App, item: dict[str, Any]) -> None:
    app.tables.put_item(TableName=app.services.about.products_table, Item=item)


def audited(app: App) -> list[tuple[str, str]]:
    table = app.services.settings.table_names.audit
    entries = app.tables.scan(TableName=table, ConsistentRead=True)["Items"]
    return [(event_of(entry).product_id, event_of(entry).kind) for entry in entries]


def listed_ids(app: App) -> list[str]:
    """The ids on all pages of one product each, sorted."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = app.http.get("/v1/products", params=query).json()
        found += [product["product_id"] for product in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return sorted(found)


@pytest.mark.parametrize("view", [BOTH, "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
def test_other_items_are_neither_shown_nor_audited(
    endpoint: str, tmp_path: Path, view: str
) -> None:
    create_table(endpoint, SCHEMA, view, table_of(tmp_path))
    settings = settings_for(
        endpoint, tmp_path, products_table=table_of(tmp_path), products_filter=BY_KEY
    )
    with serving(settings) as app:
        with Listener(app.url) as feed:
            for number in range(30):
                put(app, an_item(f"ORDER#{number:02}", total={"N": "9"}))
            put(app, an_item("SKU#mug", Stock={"N": "4"}))
            put(app, an_item("ORDER#31"))
            assert app.create("SHOP#1~SKU#cup", 2).status_code == 201
            events = [message.data for message in feed.changes(2)]
        assert {event["subject"] for event in events} == {"SHOP#1~SKU#mug", "SHOP#1~SKU#cup"}
        listed = ["SHOP#1~SKU#cup", "SHOP#1~SKU#mug"]
        until(lambda: listed_ids(app) == listed)
        order = "/v1/products/SHOP%231~ORDER%2301"
        assert app.http.get(order).status_code == 404
        assert app.http.delete(order, headers={"If-Match": "*"}).status_code == 404
        taken = app.http.post(
            "/v1/products", json={"product_id": "SHOP#1~ORDER#01", "name": "x", "stock": 1}
        )
        assert taken.status_code == 422
        assert "STOCKPULSE_PRODUCTS_FILTER" in taken.json()["detail"]
        assert {product for product, _ in audited(app)} == {*listed}
        assert verified(app) == []


def test_an_item_enters_and_leaves_the_products(endpoint: str, tmp_path: Path) -> None:
    """Each with both images and without a gap, also when it changed while it was none."""
    create_table(endpoint, SCHEMA, BOTH, table_of(tmp_path))
    settings = settings_for(
        endpoint, tmp_path, products_table=table_of(tmp_path), products_filter=BY_TYPE
    )
    draft, product = {"type": {"S": "draft"}}, {"type": {"S": "product"}}
    url = "/v1/products/SHOP%231~A"
    with serving(settings) as app:
        with Listener(app.url) as feed:
            put(app, an_item("A", Stock={"N": "1"}, **draft))
            put(app, an_item("A", Stock={"N": "2"}, **product))
            received = {"delta": 3, "reason": "received"}
            assert app.http.post(f"{url}/adjustments", json=received).json()["stock"] == 5
            hidden = app.http.post(
                "/v1/products", json={"product_id": "SHOP#1~B", "name": "x", "stock": 1}
            )
            put(app, an_item("A", Stock={"N": "6"}, **draft))
            assert app.http.get(url).status_code in {404, 410}
            put(app, an_item("A", Stock={"N": "7"}, **draft))
            put(app, an_item("A", Stock={"N": "8"}, **product))
            app.tables.delete_item(TableName=table_of(tmp_path), Key=SCHEMA.of_item(an_item("A")))
            events = [message.data["data"] for message in feed.changes(5)]
        assert hidden.status_code == 422
        told = [(one["kind"], one["stock_before"], one["stock_after"]) for one in events]
        assert told == [
            ("inserted", None, 2),
            ("stock_changed", 2, 5),
            ("deleted", 5, None),
            ("inserted", None, 8),
            ("deleted", 8, None),
        ]
        assert [one["delta"] for one in events] == [2, 3, -5, 8, -8]
        assert (events[0]["before"]["Stock"], events[0]["after"]["Stock"]) == (1, 2)
        assert (events[2]["before"]["Stock"], events[2]["after"]["Stock"]) == (5, 6)
        assert (events[3]["before"]["Stock"], events[3]["after"]["Stock"]) == (7, 8)
        assert not any(kind == "gap" for _, kind in audited(app))
        assert verified(app) == []
        put(app, an_item("C", Stock={"N": "1"}, **draft))
        parts = Parts(app.clients, app.services.settings)
        outcome = parts.comparison().run()
        assert (outcome.written, outcome.left) == (0, 0)


def test_a_filter_that_fits_neither_table_nor_stream_stops_the_start(
    endpoint: str, tmp_path: Path
) -> None:
    table = table_of(tmp_path)
    create_table(endpoint, SCHEMA, "KEYS_ONLY", table)
    connect(endpoint).tables.put_item(TableName=table, Item=an_item("ORDER#1"))
    for pattern, message in (
        (BY_TYPE, "PRODUCTS_FILTER names type, but the stream .* KEYS_ONLY"),
        (BY_KEY, "PRODUCTS_FILTER matches none of the 1 items"),
    ):
        settings = settings_for(endpoint, tmp_path, products_table=table, products_filter=pattern)
        with pytest.raises(TableError, match=message), serving(settings):
            pass


def test_a_page_without_products_leads_on(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fill, "run", lambda *_: None)  # so the table itself is listed
    monkeypatch.setattr(product_reader, "_SCANS", 1)
    monkeypatch.setattr(product_reader, "_SCANNED", 1)  # so it scans as many as a page has
    create_table(endpoint, SCHEMA, BOTH, table_of(tmp_path))
    client = connect(endpoint).tables
    for number in range(110):
        client.put_item(TableName=table_of(tmp_path), Item=an_item(f"A#{number:03}"))
    client.put_item(TableName=table_of(tmp_path), Item=an_item("SKU#1"))
    settings = settings_for(
        endpoint, tmp_path, products_table=table_of(tmp_path), products_filter=BY_KEY
    )
    with serving(settings) as app:
        path, seen = "/products", ""
        for _ in range(4):
            page = app.http.get(path, headers={"Accept": "text/html"}).text
            seen += page
            assert "No products yet" not in page
            found = re.findall(r'href="(/products[?]cursor=[^"]+)" rel="next"', page)
            if not found:
                break
            (path,) = found
        assert "The next entries of the table are not products" in seen
        assert "SHOP#1~SKU#1" in seen
