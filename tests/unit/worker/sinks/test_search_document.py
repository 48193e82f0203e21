"""A product becomes one document, whatever its attributes are."""

from typing import Any

import orjson
import pytest

from app.core.item import DEFAULT_NAMES
from tests.support.builders import LABEL, NOON, an_item, stamped
from worker.sinks.search.index_check import difference
from worker.sinks.search.index_mapping import PROPERTIES, differences
from worker.sinks.search.search_document import Rendering, document_id

KEY = f"{LABEL}#{7:040d}"
RENDERING = Rendering(DEFAULT_NAMES, lambda item: item)


def body(item: Any, rendering: Rendering = RENDERING) -> dict[str, Any]:
    """The document of an item."""
    document: dict[str, Any] = orjson.loads(rendering.document("P1", KEY, item, NOON).body)
    return document


def test_known_attributes_have_fields_and_others_lie_under_attributes() -> None:
    item = stamped(
        an_item(ProductName="Mug", Stock=3, ReorderPoint=5, Category="Kitchen", _id="x", colour=5)
    )
    assert body(item) == {
        "product_id": "P1",
        "deleted": False,
        "name": "Mug",
        "category": "Kitchen",
        "stock": 3,
        "reorder_point": 5,
        "no_reorder": False,
        "low": True,
        "version": 1,
        "created_at": "2026-11-01T08:00:00Z",
        "updated_at": "2026-11-03T12:00:00Z",
        "attributes": {"_id": "x", "colour": 5},
        "event_key": KEY,
        "changed_at": "2026-11-03T12:00:00Z",
    }
    assert body(item).keys() <= PROPERTIES.keys()


def test_no_digit_of_a_stock_is_lost() -> None:
    assert body(an_item(Stock={"N": "12345678901234567890.5"}))["stock"] == "12345678901234567890.5"


@pytest.mark.parametrize("item", [None, {"Other": {"S": "x"}}])
def test_no_item_or_one_of_another_key_is_a_deleted_document(item: Any) -> None:
    assert body(item).keys() == {"product_id", "deleted", "event_key", "changed_at"}


def test_a_product_that_the_filter_leaves_out_is_deleted_and_only_what_is_shown_is_stored() -> None:
    rendering = Rendering(
        DEFAULT_NAMES,
        lambda item: {name: item[name] for name in ("ProductID", "Stock")} if item else None,
        lambda item: "Stock" in item,
    )
    assert body(an_item(ProductName="Mug"), rendering)["deleted"]
    assert "name" not in body(an_item(ProductName="Mug", Stock=1), rendering)


def test_an_attribute_with_a_value_too_long_for_a_term_is_kept_apart() -> None:
    words = {"L": [{"S": "word" * 10}] * 2_000}
    found = body(an_item(text="é" * 16_001, words=words, deep={"M": {"k" * 32_000: {"S": "v"}}}))
    assert found["attributes"].keys() == {"words"}
    assert found["long_attributes"].keys() == {"text", "deep"}


def test_half_an_emoji_is_replaced() -> None:
    found = body(an_item(ProductName="a\ud83d", half={"M": {"\udc00": {"S": "👍"}}}))
    assert (found["name"], found["attributes"]) == ("a�", {"half": {"�": "👍"}})


def test_ids_are_one_to_one() -> None:
    long = "é" * 257
    hashed = document_id(long)
    ids = ["P1", "é" * 256, long, hashed, document_id(hashed)]
    assert document_id("é" * 256) == "é" * 256
    assert len({document_id(one) for one in ids[:4]}) == 4
    assert all(len(document_id(one).encode()) <= 512 for one in ids)


def test_the_check_says_what_differs() -> None:
    wanted = body(an_item(Stock=7))
    for found, words in (
        (wanted, ""),
        (wanted | {"event_key": "other", "changed_at": "later"}, ""),
        (None, "is not in the index"),
        (body(None), "is deleted in the index, but the product exists"),
        (wanted | {"stock": 9}, "stock is 9 in the index, and 7 in the table"),
        (
            wanted | {"name": "x" * 99},
            f'name is "{"x" * 59}… in the index, and missing in the table',
        ),
    ):
        assert difference(wanted, found) == words
    assert difference(body(None), None) == ""
    assert difference(body(None), wanted) == "is in the index, but there is no such product"


def test_a_field_that_somebody_changed_is_named_and_one_that_was_added_is_not() -> None:
    ours: dict[str, Any] = {"dynamic": "strict", "properties": dict(PROPERTIES)}
    assert list(differences(ours | {"_meta": {}})) == []
    ours["properties"] |= {"theirs": {"type": "text"}, "stock": {"type": "text"}}
    del ours["properties"]["unit"]
    assert list(differences(ours)) == [
        "The mapping's field unit is missing, or has other options.",
        "The mapping's field stock is of type text, or has other options.",
    ]
