"""Stockpulse works with an existing table: its names, its stream's view type, and read-only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableError
from tests.support.http.sse import Listener
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.waiting import until

VIEWS = ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]

Existing = Callable[..., Any]


@contextmanager
def over_existing_table(
    endpoint: str, tmp_path: Path, *, view: str | None, key: str = "ProductID", **settings: Any
) -> Iterator[App]:
    """The application with a table that another program created."""
    table = f"inventory-{tmp_path.name[-30:]}"
    stream = (
        {"StreamEnabled": False}
        if view is None
        else {"StreamEnabled": True, "StreamViewType": view}
    )
    connect(endpoint).tables.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=stream,
    )
    changes = {"products_table": table, "key_attribute": key} | settings
    with serving(settings_for(endpoint, tmp_path, **changes)) as app:
        yield app


def test_trends_say_that_a_stream_without_images_shows_no_sales(
    endpoint: str, tmp_path: Path
) -> None:
    with over_existing_table(endpoint, tmp_path, view="KEYS_ONLY") as app:
        app.create("P1", 12)
        app.adjust("P1", -3)
        until(lambda: app.http.get("/v1/analytics/event-rate").json().get("known_since"))
        for name in ("not-sold", "movement"):
            found = app.http.get(f"/v1/analytics/{name}").json()
            assert found["known_since"] > found["as_of"]


@pytest.mark.parametrize("view", VIEWS)
def test_events_have_what_the_view_type_provides(endpoint: str, tmp_path: Path, view: str) -> None:
    with (
        over_existing_table(endpoint, tmp_path, view=view) as app,
        Listener(app.url) as feed,
    ):
        app.create("P1", 12)
        assert app.adjust("P1", -3).status_code == 200
        assert app.http.delete("/v1/products/P1", headers={"If-Match": "*"}).status_code == 204
        events = [message.data["data"] for message in feed.changes(3)]
        page = app.http.get("/", headers={"Accept": "text/html"}).text
    inserted, sold, deleted = events
    new, old = view in VIEWS[:2], view in {"NEW_AND_OLD_IMAGES", "OLD_IMAGE"}
    both = new and old
    assert {event["view_type"] for event in events} == {view}
    assert [event["product_id"] for event in events] == ["P1"] * 3
    assert inserted["kind"] == "inserted"
    assert inserted["stock_after"] == (12 if new else None)
    assert inserted["actor"] == ("local" if new else None)
    assert sold["kind"] == ("stock_changed" if both else "updated")
    assert (sold["stock_before"], sold["stock_after"]) == (12 if old else None, 9 if new else None)
    assert sold["delta"] == (-3 if both else None)
    assert sold["actor"] == ("local" if both else None)
    assert deleted["kind"] == "deleted"
    assert deleted["stock_before"] == (9 if old else None)
    assert deleted["actor"] == ("local" if both else None)
    assert (sold["before"] is not None, sold["after"] is not None) == (old, new)
    assert (f"<code>{view}</code>" in page) == (not both)


def test_configured_attribute_names_of_an_existing_table(endpoint: str, tmp_path: Path) -> None:
    with (
        over_existing_table(
            endpoint,
            tmp_path,
            view="NEW_AND_OLD_IMAGES",
            key="sku",
            name_attribute="title",
            stock_attribute="on_hand",
        ) as app,
        Listener(app.url) as feed,
    ):
        app.put_outside(sku="S-1", title="Lamp", on_hand=7, Stock="not ours")
        shown = app.http.get("/v1/products/S-1").json()
        assert (shown["name"], shown["stock"]) == ("Lamp", 7)
        assert shown["attributes"] == {"Stock": "not ours"}
        assert app.adjust("S-1", -2).json()["stock"] == 5
        app.create("S-2", 1, name="Shade")
        app.http.delete("/v1/products/S-2", headers={"If-Match": "*"})
        events = [message.data["data"] for message in feed.changes(4)]
        stored = app.tables.get_item(
            TableName=app.services.about.products_table, Key=item(sku="S-1"), ConsistentRead=True
        )["Item"]
        assert (stored["on_hand"], stored["Stock"]) == ({"N": "5"}, {"S": "not ours"})
        assert [event["product_id"] for event in app.http.get("/v1/products").json()["items"]] == [
            "S-1"
        ]
    assert [event["kind"] for event in events] == [
        "inserted",
        "stock_changed",
        "inserted",
        "deleted",
    ]
    assert [event["product_name"] for event in events] == ["Lamp", "Lamp", "Shade", "Shade"]
    assert (events[1]["delta"], events[1]["changed"]) == (-2, ["on_hand"])


def test_known_attributes_inside_maps(endpoint: str, tmp_path: Path) -> None:
    places = {"stock_attribute": "inventory.qty", "reorder_point_attribute": "inventory.min"}
    nested = {"qty": {"N": "5"}, "bins": {"L": [{"S": "b1"}]}}
    theirs = {"sku": {"S": "A-1"}, "name": {"S": "Lamp"}, "inventory": {"M": nested}}
    with (
        over_existing_table(
            endpoint, tmp_path, view=VIEWS[0], key="sku", name_attribute="name", **places
        ) as app,
        Listener(app.url) as feed,
    ):
        table = app.services.about.products_table

        def stored(sku: str) -> dict[str, Any]:
            key = item(sku=sku)
            return dict(app.tables.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"])

        app.tables.put_item(TableName=table, Item=theirs)
        shown = app.http.get("/v1/products/A-1").json()
        assert (shown["stock"], shown["name"]) == (5, "Lamp")
        assert shown["attributes"] == {"inventory": {"bins": ["b1"]}}
        counted = app.http.post("/v1/products/A-1/counts", json={"counted": 4})
        assert counted.json()["stock"] == 4
        kept = stored("A-1")
        assert kept["inventory"] == {"M": nested | {"qty": {"N": "4"}}}
        assert kept.keys() == {*theirs, "Stockpulse"}
        app.tables.update_item(
            TableName=table,
            Key=item(sku="A-1"),
            UpdateExpression="SET inventory.qty = :q, inventory.bins[0] = :b",
            ExpressionAttributeValues={":q": {"N": "2"}, ":b": {"S": "b2"}},
        )
        assert app.http.get("/v1/products/A-1").json()["stock"] == 2
        app.create("A-2", 3, reorder_point=2)  # the map is new
        assert stored("A-2")["inventory"] == {"M": {"qty": {"N": "3"}, "min": {"N": "2"}}}
        app.put_outside(sku="A-3", name="Shade")
        assert app.http.post("/v1/products/A-3/counts", json={"counted": 1}).status_code == 200
        assert stored("A-3")["inventory"] == {"M": {"qty": {"N": "1"}}}
        removed = app.http.patch(
            "/v1/products/A-2",
            content='{"reorder_point":null}',
            headers={"Content-Type": "application/merge-patch+json", "If-Match": "*"},
        )
        assert (removed.status_code, stored("A-2")["inventory"]) == (
            200,
            {"M": {"qty": {"N": "3"}}},
        )
        app.tables.put_item(TableName=table, Item={**item(sku="A-4"), "inventory": {"L": []}})
        refused = app.http.post("/v1/products/A-4/counts", json={"counted": 1})
        assert (refused.status_code, stored("A-4")["inventory"]) == (409, {"L": []})
        assert "inventory of this item is not a map" in refused.json()["detail"]
        events = [message.data["data"] for message in feed.changes(8)]
    first, sold, theirs_too = (one for one in events if one["product_id"] == "A-1")
    assert (first["kind"], first["stock_after"]) == ("inserted", 5)
    assert (sold["kind"], sold["delta"], sold["changed"]) == (
        "stock_changed",
        -1,
        ["inventory.qty"],
    )
    assert (theirs_too["kind"], theirs_too["actor"]) == ("stock_changed", None)
    assert theirs_too["changed"] == ["inventory", "inventory.qty"]
    assert [one["actor"] for one in events if one["product_id"] == "A-3"] == [None, "local"]


def test_read_only_shows_everything_and_writes_nothing(endpoint: str, tmp_path: Path) -> None:
    with (
        over_existing_table(endpoint, tmp_path, view="NEW_AND_OLD_IMAGES", read_only=True) as app,
        Listener(app.url) as feed,
    ):
        app.put_outside(ProductID="P1", ProductName="Lamp", Stock=7)
        feed.changes(1)
        patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
        refused = [
            app.http.post("/v1/products", json={"product_id": "P2", "name": "x", "stock": 1}),
            app.http.put("/v1/products/P1", json={"name": "x", "stock": 1}, headers=patch),
            app.http.patch("/v1/products/P1", content='{"name":"x"}', headers=patch),
            app.http.delete("/v1/products/P1", headers={"If-Match": "*"}),
            app.adjust("P1", 1),
            app.http.post("/products/adjust?id=P1", data={"mode": "add", "quantity": "1"}),
        ]
        assert [answer.status_code for answer in refused] == [403] * 6
        assert refused[0].json()["code"] == "read-only"
        for path in ("/", "/products"):
            page = app.http.get(path, headers={"Accept": "text/html"}).text
            assert 'method="post"' not in page
            assert "/products/new" not in page
        assert app.http.get("/v1/products/P1").json()["stock"] == 7
        stored = app.tables.scan(TableName=app.services.about.products_table)["Items"]
    assert stored == [item(ProductID="P1", ProductName="Lamp", Stock=7)]


def test_a_table_without_a_stream_is_an_error_with_a_remedy(endpoint: str, tmp_path: Path) -> None:
    with (
        pytest.raises(TableError, match="init --enable-stream"),
        over_existing_table(endpoint, tmp_path, view=None),
    ):
        pass


def test_pages_say_when_products_carry_no_stock_under_the_name(
    endpoint: str, tmp_path: Path
) -> None:
    named = "STOCKPULSE_STOCK_ATTRIBUTE"
    with over_existing_table(endpoint, tmp_path, view="NEW_AND_OLD_IMAGES") as app:
        pages = ["/", "/products", "/system"]
        shown = {path: app.http.get(path, headers={"Accept": "text/html"}).text for path in pages}
        assert not any(named in page for page in shown.values())  # no product, no notice
        with Listener(app.url) as feed:
            app.put_outside(ProductID="P1", ProductName="Lamp", qty=7)
            feed.changes(1)
        for path in ("/products", "/system"):
            until(lambda path=path: named in page_of(app, path))
        app.put_outside(ProductID="P1", ProductName="Lamp", Stock=7)
        for path in ("/products", "/system"):
            until(lambda path=path: named not in page_of(app, path))


def page_of(app: App, path: str) -> str:
    return app.http.get(path, headers={"Accept": "text/html"}).text
