"""A request's condition is held against an item, with the names and values that it brings."""

from collections.abc import Mapping
from typing import Any

from tests.support.fakes.fake_expressions import Item, Scope, parse_condition


def attributes_of(request: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """The names and the values that its expressions speak of."""
    return (
        request.get("ExpressionAttributeNames", {}),
        request.get("ExpressionAttributeValues", {}),
    )


def scope_of(item: Item, request: Mapping[str, Any]) -> Scope:
    """What its expressions may speak of, about this item."""
    return Scope(item, *attributes_of(request))


def holds(before: Item | None, request: Mapping[str, Any]) -> bool:
    """Whether the item (None: none) is as the request wants it."""
    text = request.get("ConditionExpression")
    return text is None or scope_of(before or {}, request).holds(parse_condition(text))
