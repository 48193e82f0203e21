"""A deleted product is restored with every attribute, equal in type and value."""

from typing import Any

import pytest

from tests.integration.reversals.undoing import delete, edit, events_of, reverse, stored
from tests.support.processes.running import App

ODD: dict[str, Any] = {
    "Shelf": {"S": ""},
    "Weight": {"N": "0.00000000000000000000000000000000000001"},
    "Photo": {"B": b"\x00\xff"},
    "Sizes": {"SS": ["S", "M"]},
    "Codes": {"NS": ["1", "2.5"]},
    "Keys": {"BS": [b"a", b"b"]},
    "Hidden": {"BOOL": False},
    "Supplier": {"NULL": True},
    "Box": {"M": {"inner": {"L": [{"N": "1"}, {"M": {}}, {"L": []}]}, "a.b": {"S": "dot"}}},
    "a.b": {"S": "dotted"},
}


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def put(app: App, product_id: str, **attributes: Any) -> None:
    item = {"ProductID": {"S": product_id}, "ProductName": {"S": "Mug"}} | attributes
    app.tables.put_item(TableName=app.services.about.products_table, Item=item)


def without_stamp(item: dict[str, Any]) -> dict[str, Any]:
    sets = {"SS", "NS", "BS"}
    return {
        name: {kind: sorted(inner) if kind in sets else inner for kind, inner in value.items()}
        for name, value in item.items()
        if name != "Stockpulse"
    }


def test_restored_product_has_every_attribute_of_every_type(app: App) -> None:
    put(app, "wa", Stock={"N": "7"}, **ODD)
    edit(app, "wa", price="2")
    before = stored(app, "wa")
    delete(app, "wa")
    deletion = events_of(app, "wa", 3)[2]
    answer = reverse(app, deletion, note="still on the shelf")
    assert answer.status_code == 200, answer.text
    after = stored(app, "wa")
    assert without_stamp(after) == without_stamp(before)
    assert answer.headers["ETag"] == app.http.get("/v1/products/wa").headers["ETag"]
    restored = events_of(app, "wa", 4)[3]
    assert (restored["kind"], restored["reverses"]) == ("inserted", deletion["id"])
    assert (restored["actor"], restored["note"]) == ("local", "still on the shelf")


def test_restored_product_counts_its_versions_on(app: App) -> None:
    created = app.create("wb").json()
    app.http.post("/v1/products/wb/counts", json={"counted": 3})
    counted_at = stored(app, "wb")["Stockpulse"]["M"]["counted_at"]
    delete(app, "wb")
    answer = reverse(app, events_of(app, "wb", 3)[2])
    assert answer.json()["version"] == 3
    assert answer.json()["created_at"] == created["created_at"]
    members = stored(app, "wb")["Stockpulse"]["M"]
    assert "deleted" not in members
    assert members["counted_at"] == counted_at


def test_restored_product_can_be_sold_and_the_sale_names_no_reversal(app: App) -> None:
    app.create("wc", stock=5)
    delete(app, "wc")
    reverse(app, events_of(app, "wc", 2)[1])
    app.adjust("wc", -2)
    sale = events_of(app, "wc", 4)[3]
    assert (sale["actor"], sale["reverses"], sale["stock_after"]) == ("local", None, 3)


def test_product_that_another_program_deleted_is_restored(app: App) -> None:
    put(app, "wd", Stock={"N": "7"}, Shelf={"S": "B 12"})
    app.tables.delete_item(
        TableName=app.services.about.products_table, Key={"ProductID": {"S": "wd"}}
    )
    deletion = events_of(app, "wd", 2)[1]
    assert reverse(app, deletion).json()["attributes"] == {"Shelf": "B 12"}
    restored = events_of(app, "wd", 3)[2]
    assert (restored["actor"], restored["reverses"]) == ("local", deletion["id"])
