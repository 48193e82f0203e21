"""What DynamoDB does with a conditional update, for tests of the requests that are made."""

import re
from typing import Any

from app.store.products.expressions import update
from app.store.products.model import Stamp
from tests.support.builders import NOON, STAMPS, an_item, stamped

BARE = Stamp(actor="ada", request_id="r-2")
FULL = Stamp(actor="ada", request_id="r-2", reason="sold", note="two boxes", reference="SO-7")
ITEM = stamped(an_item(ProductName="Mug", Stock=12, Price={"N": "2"}, Shelf="B 12"), version=3)
OUTSIDE = an_item(ProductName="Mug", Stock=12, Shelf="B 12")


def applied(item: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The item after DynamoDB has applied the request's update expression."""
    names = request["ExpressionAttributeNames"]
    sets, _, removes = request["UpdateExpression"].removeprefix("SET ").partition("REMOVE ")
    after = dict(item)
    for name, value in re.findall(r"(#\w+) = (:\w+)", sets):
        after[names[name]] = request["ExpressionAttributeValues"][value]
    for name in re.findall(r"#\w+", removes):
        after.pop(names[name], None)
    return after


def written(request: dict[str, Any]) -> set[str]:
    """The attributes that the update names."""
    names = request["ExpressionAttributeNames"]
    return {names[word] for word in re.findall(r"#\w+", request["UpdateExpression"])}


def holds(item: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether the request's condition is true of an item."""
    names = request["ExpressionAttributeNames"]
    values = request.get("ExpressionAttributeValues", {})
    return all(
        _clause(item, clause, names, values)
        for clause in request["ConditionExpression"].split(" AND ")
    )


def _clause(item: dict[str, Any], clause: str, names: dict[str, str], values: Any) -> bool:
    if found := re.fullmatch(r"attribute_exists\((#\w+)\)", clause):
        return names[found[1]] in item
    if found := re.fullmatch(r"attribute_not_exists\((#\w+)\)", clause):
        return names[found[1]] not in item
    found = re.fullmatch(r"(#\w+) = (:\w+)", clause)
    assert found, clause
    return item.get(names[found[1]]) == values[found[2]]


def an_update(item: dict[str, Any], stamp: Stamp = FULL, **fields: Any) -> tuple[Any, Any]:
    return update(item, fields, stamp, NOON, STAMPS)


def assert_valid(request: dict[str, Any]) -> None:
    """DynamoDB rejects a request that declares a name or value without using it."""
    expressions = f"{request['ConditionExpression']} {request.get('UpdateExpression', '')}"
    assert set(re.findall(r"#\w+", expressions)) == set(request["ExpressionAttributeNames"])
    values = set(request.get("ExpressionAttributeValues", {}))
    assert set(re.findall(r":\w+", expressions)) == values
    assert request.get("ExpressionAttributeValues") != {}
