"""Every write sets or removes *all* stamp attributes, so that a stamp never outlives its write.

Conditions, updates and stamps as DynamoDB expressions. An update also removes the delete mark that
a crashed delete left behind. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.events import rfc3339
from app.core.item import (
    DELETE_STAMP,
    WRITE_STAMP,
    AttributeNames,
    AttributeValue,
    Item,
    text,
    version,
)
from app.store.products.model import ProductDraft, Stamp, encode_fields


@dataclass(frozen=True, slots=True)
class Condition:
    """Attributes that must have these values; None: that must be absent."""

    values: tuple[tuple[str, AttributeValue | None], ...]

    def also(self, name: str, value: AttributeValue) -> "Condition":
        """The condition with one more attribute."""
        return Condition((*self.values, (name, value)))

    def request(self, key: str) -> dict[str, Any]:
        """The parameters of a conditional request; the item must exist."""
        names = {"#key": key}
        values = {}
        clauses = ["attribute_exists(#key)"]
        for index, (name, value) in enumerate(self.values):
            names[f"#c{index}"] = name
            if value is None:
                clauses.append(f"attribute_not_exists(#c{index})")
            else:
                clauses.append(f"#c{index} = :c{index}")
                values[f":c{index}"] = value
        request: dict[str, Any] = {
            "ConditionExpression": " AND ".join(clauses),
            "ExpressionAttributeNames": names,
        }
        if values:
            request["ExpressionAttributeValues"] = values
        return request


def compared(item: Item, names: Iterable[str]) -> Condition:
    """The condition that these attributes are the same as in `item`."""
    return Condition(tuple((name, item.get(name)) for name in names))


def put_new(draft: ProductDraft, stamp: Stamp, now: datetime, names: AttributeNames) -> Item:
    """The whole item of a new product."""
    fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
    attributes = {**encode_fields(fields, names), **_stamps(stamp)}
    return {
        names.key: {"S": draft.product_id},
        **{name: value for name, value in attributes.items() if value is not None},
        "Version": {"N": "1"},
        "CreatedAt": {"S": rfc3339(now)},
        "UpdatedAt": {"S": rfc3339(now)},
    }


def update(
    item: Item,
    fields: Mapping[str, Any],
    condition: Condition,
    stamp: Stamp,
    now: datetime,
    names: AttributeNames,
) -> tuple[dict[str, Any], Item]:
    """The parameters of an update that sets these fields, and the item after it."""
    attributes: dict[str, AttributeValue | None] = {
        **encode_fields(fields, names),
        **_stamps(stamp),
        **dict.fromkeys(DELETE_STAMP),
        "Version": {"N": str(version(item) + 1)},
        "UpdatedAt": {"S": rfc3339(now)},
    }
    after = {name: value for name, value in {**item, **attributes}.items() if value is not None}
    return _with_assignments(condition.request(names.key), attributes), after


def is_written_by(stamp: Stamp, item: Item | None) -> bool:
    """Whether this stamp's request wrote the item last.

    An engine that crashes after applying a write, but before responding, may forget the token.
    Then the repeat fails its condition because of its own first write.
    """
    return text(item, "RequestID") == stamp.request_id


def stamp_delete(
    condition: Condition, stamp: Stamp, now: datetime, names: AttributeNames
) -> dict[str, Any]:
    """The parameters of the update that marks an item for deletion; ETag and version stay."""
    return _with_assignments(condition.request(names.key), delete_marks(stamp, now))


def delete_marks(stamp: Stamp, now: datetime) -> dict[str, AttributeValue | None]:
    """The delete mark: the attributes that our delete sets on an item before it deletes it."""
    return {
        "DeletedBy": {"S": stamp.actor},
        "DeletedReason": _string(stamp.reason),
        "DeletedNote": _string(stamp.note),
        "DeletedRequestID": {"S": stamp.request_id},
        "DeletedAt": {"S": rfc3339(now)},
    }


def clear_delete_stamp(request_id: str) -> dict[str, Any]:
    """The parameters of the update that removes this request's delete mark again."""
    condition = Condition((("DeletedRequestID", {"S": request_id}),))
    return _with_assignments(condition.request("DeletedRequestID"), dict.fromkeys(DELETE_STAMP))


def _stamps(stamp: Stamp) -> dict[str, AttributeValue | None]:
    stamps = {
        "UpdatedBy": _string(stamp.actor),
        "Reason": _string(stamp.reason),
        "Note": _string(stamp.note),
        "Reference": _string(stamp.reference),
        "RequestID": _string(stamp.request_id),
    }
    if set(stamps) != WRITE_STAMP:
        raise AssertionError("a stamp attribute is neither set nor removed")
    return stamps


def _string(value: str | None) -> AttributeValue | None:
    return {"S": value} if value else None


def _with_assignments(
    request: dict[str, Any], attributes: Mapping[str, AttributeValue | None]
) -> dict[str, Any]:
    """The request with SET for values and REMOVE for None."""
    names = dict(request["ExpressionAttributeNames"])
    values = dict(request.get("ExpressionAttributeValues", {}))
    sets, removes = [], []
    for index, (name, value) in enumerate(sorted(attributes.items())):
        names[f"#a{index}"] = name
        if value is None:
            removes.append(f"#a{index}")
        else:
            sets.append(f"#a{index} = :a{index}")
            values[f":a{index}"] = value
    clauses = []
    if sets:
        clauses.append("SET " + ", ".join(sets))
    if removes:
        clauses.append("REMOVE " + ", ".join(removes))
    return {
        **request,
        "UpdateExpression": " ".join(clauses),
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
    }
