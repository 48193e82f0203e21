"""Evaluates a request's condition against an item, with the request's names and values."""

from collections.abc import Mapping
from typing import Any

from tests.support.fakes.fake_expressions import Item, Scope
from tests.support.fakes.fake_parser import parse_condition


def attributes_of(request: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """The request's expression attribute names and values."""
    return (
        request.get("ExpressionAttributeNames", {}),
        request.get("ExpressionAttributeValues", {}),
    )


def scope_of(item: Item, request: Mapping[str, Any]) -> Scope:
    """The scope of the request's expressions over this item."""
    return Scope(item, *attributes_of(request))


def holds(before: Item | None, request: Mapping[str, Any]) -> bool:
    """Whether the item (None: absent) meets the request's condition."""
    text = request.get("ConditionExpression")
    return text is None or scope_of(before or {}, request).holds(parse_condition(text))
