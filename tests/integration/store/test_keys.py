"""A table with any key is read, written, shown and audited; each product has one id."""

from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.core.keys import KeyPart, KeySchema
from app.store.dynamodb.table_names import TableError
from tests.integration.store.keyed import create_table, verified
from tests.support.http.sse import Listener
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

HTML = {"Accept": "text/html"}
VIEWS = ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]
KEYS: dict[str, tuple[KeySchema, dict[str, Any], str]] = {
    "number": (KeySchema(KeyPart("id", "N")), {"id": {"N": "-42.50"}}, "-42.5"),
    "binary": (KeySchema(KeyPart("id", "B")), {"id": {"B": b"\xff\xfe\x00"}}, "__4A"),
    "two strings": (
        KeySchema(KeyPart("PK"), KeyPart("SK")),
        {"PK": {"S": "SHOP#1"}, "SK": {"S": "SKU~a/b !ü"}},
        "SHOP#1~SKU!~a/b !!ü",
    ),
    "string and number": (
        KeySchema(KeyPart("sku"), KeyPart("size", "N")),
        {"sku": {"S": "mug"}, "size": {"N": "0.5"}},
        "mug~0.5",
    ),
    "one string": (KeySchema(KeyPart("sku")), {"sku": {"S": "\0x~y"}}, "!0x!~y"),
    "long": (
        KeySchema(KeyPart("a"), KeyPart("b")),
        {"a": {"S": "ü" * 1000}, "b": {"S": "x" * 1000}},
        f"{'ü' * 1000}~{'x' * 1000}",
    ),
}


def stored(app: App, key: dict[str, Any]) -> dict[str, Any]:
    table = app.services.about.products_table
    return dict(app.tables.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"])


def posted(app: App, product_id: str) -> httpx.Response:
    body = {"product_id": product_id, "name": "Mug", "stock": 1}
    return app.http.post("/v1/products", json=body)


@pytest.mark.parametrize(
    ("kind", "view"),
    [(kind, view) for kind in ("number", "string and number") for view in VIEWS]
    + [(kind, VIEWS[0]) for kind in ("binary", "two strings", "one string", "long")],
)
def test_a_product_under_any_key(endpoint: str, tmp_path: Path, kind: str, view: str) -> None:
    schema, key, product_id = KEYS[kind]
    table = f"keyed-{tmp_path.name[-30:]}"
    create_table(endpoint, schema, view, table)
    url = f"/v1/products/{quote(product_id, safe='')}"
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        with Listener(app.url) as feed:
            theirs = {"ProductName": {"S": "Mug"}, "Stock": {"N": "7"}, "shelf": {"S": "A7"}}
            app.tables.put_item(TableName=table, Item={**key, **theirs})
            listed = until(lambda: app.http.get("/v1/products").json()["items"])
            shown = app.http.get(url).json()
            sold = app.http.post(f"{url}/adjustments", json={"delta": -2, "reason": "sold"})
            after = stored(app, key)
            forms = [
                app.http.get(f"/products/{form}", params={"id": product_id}, headers=HTML)
                for form in ("edit", "adjust", "delete")
            ]
            gone = app.http.delete(url, headers={"If-Match": "*"})
            messages = feed.changes(3)
        assert [product["product_id"] for product in listed] == [product_id]
        assert (shown["product_id"], shown["stock"]) == (product_id, 7)
        assert shown["attributes"]["shelf"] == "A7"
        assert sold.json()["stock"] == 5
        assert {**after, "Stock": None, "Stockpulse": None} == {
            **key,
            **theirs,
            "Stock": None,
            "Stockpulse": None,
            **{name: after[name] for name in schema.names},
        }
        assert all(form.status_code == 200 for form in forms)
        assert gone.status_code == 204
        assert [message.data["subject"] for message in messages] == [product_id] * 3
        assert [message.data["data"]["product_id"] for message in messages] == [product_id] * 3
        kinds = [message.data["data"]["kind"] for message in messages]
        assert kinds[0::2] == ["inserted", "deleted"]
        history = app.http.get(f"{url}/events").json()["items"]
        assert [event["id"] for event in history] == [
            message.data["data"]["id"] for message in reversed(messages)
        ]
        one = app.http.get(f"/v1/events/{history[0]['id']}")
        assert one.json()["subject"] == product_id
        page = app.http.get("/products/history", params={"id": product_id}, headers=HTML)
        assert (page.status_code, product_id in unescape(page.text)) == (200, True)
        assert verified(app) == []


def test_products_are_created_and_paged_under_two_attributes(endpoint: str, tmp_path: Path) -> None:
    schema = KeySchema(KeyPart("sku"), KeyPart("size", "N"))
    table = f"keyed-{tmp_path.name[-30:]}"
    create_table(endpoint, schema, VIEWS[0], table)
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        for size in range(5):
            assert app.create(f"mug~{size}", size).status_code == 201
        assert stored(app, {"sku": {"S": "mug"}, "size": {"N": "3"}})["Stock"] == {"N": "3"}
        assert posted(app, "mug~3").status_code == 409
        found: list[str] = []
        cursor = None
        while True:
            query = {"limit": 2, **({} if cursor is None else {"cursor": cursor})}
            answer = app.http.get("/v1/products", params=query).json()
            found += [product["product_id"] for product in answer["items"]]
            if (cursor := answer["next_cursor"]) is None:
                break
        assert sorted(found) == [f"mug~{size}" for size in range(5)]
        for wrong in ("mug", "mug~03", "mug~x", "mug~1~2"):
            refused = posted(app, wrong)
            assert refused.status_code == 422, wrong
            assert "<sku (text)>~<size (number)>" in refused.json()["detail"]
            assert app.http.get(f"/v1/products/{wrong}").status_code == 404
        for size in (7, 8):
            body = {"product_id": f"mug~{size}", "name": "Mug", "stock": 1, "barcode": "4006381"}
            created = app.http.post("/v1/products", json=body)
            assert created.status_code == 201
        (warning,) = created.json()["warnings"]
        assert (warning["code"], warning["product_id"]) == ("barcode-in-use", "mug~7")
        edited = app.http.patch(
            "/v1/products/mug~1",
            json={"name": "Cup"},
            headers={"Content-Type": "application/merge-patch+json", "If-Match": "*"},
        )
        assert edited.json()["name"] == "Cup"


def test_a_known_attribute_in_the_key_is_shown_and_not_changed(
    endpoint: str, tmp_path: Path
) -> None:
    schema = KeySchema(KeyPart("Category"), KeyPart("sku"))
    table = f"keyed-{tmp_path.name[-30:]}"
    create_table(endpoint, schema, VIEWS[0], table)
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        assert app.create("tea~A-1", 4).json()["category"] == "tea"
        assert app.adjust("tea~A-1", 1).json()["stock"] == 5
        same = app.http.patch(
            "/v1/products/tea~A-1", json={"category": "tea", "name": "Assam"}, headers=headers
        )
        assert (same.status_code, same.json()["name"]) == (200, "Assam")
        moved = app.http.patch("/v1/products/tea~A-1", json={"category": "jam"}, headers=headers)
        assert moved.status_code == 409
        assert "part of this table's key" in moved.json()["detail"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"key_attribute": "id"}, "STOCKPULSE_KEY_ATTRIBUTE is id"),
        ({"sort_key_attribute": "size"}, "STOCKPULSE_SORT_KEY_ATTRIBUTE is size"),
        ({"stock_attribute": "sku"}, "STOCKPULSE_STOCK_ATTRIBUTE"),
        ({"metadata_attribute": "sku"}, "STOCKPULSE_METADATA_ATTRIBUTE"),
    ],
)
def test_settings_that_contradict_the_table_s_key_stop_the_start(
    endpoint: str, tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    table = f"keyed-{tmp_path.name[-30:]}"
    create_table(endpoint, KeySchema(KeyPart("sku")), VIEWS[0], table)
    with (
        pytest.raises(TableError, match=named),
        serving(settings_for(endpoint, tmp_path, products_table=table, **settings)),
    ):
        pass
