"""The index has every product as the table has it, whatever other programs write."""

from typing import Any

from tests.opensearch.kit import LONG, SearchShop
from tests.support.waiting import until

ODD: dict[str, Any] = {
    "_id": {"S": "theirs"},
    "_ttl": {"N": "5"},
    "_source": {"M": {"_index": {"S": "x"}}},
    "a.b": {"N": "1"},
    "a": {"M": {"b": {"S": "other"}, "": {"S": "empty"}}},
    " ": {"NULL": True},
    "binary": {"B": b"\xff"},
    "deep": {"M": {"m": {"L": [{"L": [{"M": {"x": {"SS": ["1", "2"]}}}]}]}}},
    "Price": {"S": "on request"},
    "novel": {"S": "é" * 20_000},
}


def test_products_are_found_by_words_and_by_any_attribute(shop: SearchShop) -> None:
    shop.put_item("OLD", ProductName={"S": "Green tea"}, colour={"S": "red"})
    with shop.following():
        shop.until_live()
        shop.put_item("NEW", ProductName={"S": "Black tea"}, Stock={"N": "7"})
        shop.put_item("ODD", **ODD)
        for kind in ({"N": "1"}, {"S": "x"}, {"M": {"y": {"N": "1"}}}, {"L": [{"BOOL": True}]}):
            shop.put_item("CHANGES-TYPE", colour=kind)
        shop.put_item("x" * 600, ProductName={"S": "long id"})
        shop.put_item("GONE")
        shop.delete("GONE")
        until(lambda: (shop.document("GONE") or {}).get("deleted"), LONG)
        until(lambda: "x" * 600 in shop.found({"match": {"name": "long"}}), LONG)
        assert shop.found({"match": {"name": "tea"}}) == {"OLD", "NEW"}
        assert shop.found({"term": {"attributes.colour": "red"}}) == {"OLD"}
        assert shop.found({"term": {"attributes._ttl": "5"}}) == {"ODD"}
        assert shop.found({"range": {"stock": {"gte": 7}}}) == {"NEW"}
        assert shop.document("ODD")["attributes"]["_source"] == {"_index": "x"}
        assert shop.document("ODD")["long_attributes"] == {"novel": "é" * 20_000}
        gone = shop.document("GONE")
        assert gone.keys() == {"product_id", "deleted", "event_key", "changed_at"}
        assert shop.differences() == []
        assert shop.trouble() == ""
        assert not shop.control.get("search").health.lag_events


def test_the_check_names_what_somebody_changed_in_the_index(shop: SearchShop) -> None:
    for number in range(3):
        shop.put_item(f"P{number}", ProductName={"S": "Tea"})
    with shop.following():
        index = shop.until_live()
        call = shop.node.call
        call("DELETE", f"/{index}/_doc/P0")
        call("PUT", f"/{index}/_doc/P1", {**shop.document("P1"), "stock": 9})
        call("PUT", f"/{index}/_doc/P9", {"product_id": "P9", "deleted": False, "event_key": "z"})
        call("PUT", f"/{index}/_mapping", {"dynamic": True})
    assert shop.differences() == [
        "The mapping's `dynamic` is no longer `strict`.",
        "P0: is not in the index",
        "P1: stock is 9 in the index, and 1 in the table",
        "P9: is in the index, but there is no such product",
    ]


def test_a_rewind_restores_a_deleted_document_and_no_deleted_product(shop: SearchShop) -> None:
    with shop.following():
        index = shop.until_live()
        shop.put("KEPT", 1, 2, 3)
        shop.put("GONE", 1)
        shop.delete("GONE")
        until(lambda: shop.stock("KEPT") == 3, LONG)
        until(lambda: (shop.document("GONE") or {}).get("deleted"), LONG)
        for product in ("KEPT", "GONE"):
            shop.node.call("DELETE", f"/{index}/_doc/{product}")
        shop.control.rewind("search", "beginning", "ada")
        until(lambda: shop.stock("KEPT") == 3, LONG)
        until(lambda: (shop.document("GONE") or {}).get("deleted"), LONG)
        assert shop.differences() == []


def test_the_filter_and_the_projection_hold_for_the_fill_and_for_events(shop: SearchShop) -> None:
    changes = {
        "search_filter": '{"Category": {"S": ["Tea"]}}',
        "search_attributes": ("ProductName", "Category"),
    }
    tea, secret = {"S": "Tea"}, {"S": "12 €"}
    shop.put_item("OLD", ProductName=tea, Category=tea, cost=secret)
    shop.put_item("CUP", ProductName={"S": "Cup"})
    with shop.following(**changes):
        shop.until_live()
        shop.put_item("NEW", ProductName=tea, Category=tea, cost=secret)
        shop.put_item("MOVES", ProductName=tea, Category=tea)
        shop.put_item("MOVES", ProductName=tea, Category={"S": "Coffee"})
        until(lambda: (shop.document("MOVES") or {}).get("deleted"), LONG)
        assert shop.found({"term": {"deleted": False}}) == {"OLD", "NEW"}
        for product in ("OLD", "NEW"):
            shown = shop.document(product)
            assert "attributes" not in shown
            assert "stock" not in shown
        assert shop.differences(**changes) == []
