"""A selection says which items are products, and at which attributes it looks."""

import json

from app.filters.selection import Selection

EITHER = '{"$or": [{"type": {"S": ["product"]}}, {"SK": {"S": [{"prefix": "SKU#"}]}}]}'
TWO = json.dumps(
    {
        "Filters": [
            {"Pattern": json.dumps({"a": {"S": ["x"]}})},
            {"Pattern": json.dumps({"b": {"N": ["1"]}})},
        ]
    }
)


def test_an_item_is_matched_in_dynamodb_json() -> None:
    selects = Selection(EITHER)
    assert selects({"type": {"S": "product"}})
    assert selects({"SK": {"S": "SKU#1"}, "photo": {"B": b"\xff"}})
    assert not selects({"SK": {"S": "ORDER#1"}})


def test_the_names_of_every_alternative_are_known() -> None:
    assert Selection(EITHER).names == {"type", "SK"}
    assert Selection(TWO).names == {"a", "b"}
