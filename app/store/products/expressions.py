"""DynamoDB expressions for writes to a product: conditions and updates. Pure.

Each write replaces the whole metadata map, so a stamp never outlives its write, and a mark that an
interrupted delete left is removed. It is conditional on the metadata and on all known attributes
as they were read, because the stamp's signature covers them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.core.errors import MetadataTaken
from app.core.events import rfc3339
from app.core.item import AttributeNames, AttributeValue, Item
from app.core.keys import KeySchema
from app.core.metadata import DeleteMark, Metadata, metadata_of
from app.core.paths import Path, first_missing, value_at, with_value
from app.core.stamps import Stamps
from app.store.products.field_values import Values, encode_fields
from app.store.products.model import ProductDraft, Stamp


@dataclass(frozen=True, slots=True)
class Condition:
    """Attributes that must have these values (None: be absent), and those that must be maps."""

    values: tuple[tuple[Path, AttributeValue | None], ...]
    maps: tuple[Path, ...] = ()

    def request(self, key: KeySchema) -> dict[str, Any]:
        """Parameters of a conditional request for an item that must exist."""
        names = {"#key": key.partition.name}
        values: dict[str, Any] = {}
        clauses = ["attribute_exists(#key)"]
        for index, (path, value) in enumerate(self.values):
            place = placeholder(names, f"#c{index}", path)
            if value is None:
                clauses.append(f"attribute_not_exists({place})")
            else:
                clauses.append(f"{place} = :c{index}")
                values[f":c{index}"] = value
        for index, path in enumerate(self.maps):
            clauses.append(f"attribute_type({placeholder(names, f'#m{index}', path)}, :map)")
            values[":map"] = {"S": "M"}
        request: dict[str, Any] = {
            "ConditionExpression": " AND ".join(clauses),
            "ExpressionAttributeNames": names,
        }
        if values:
            request["ExpressionAttributeValues"] = values
        return request


def as_read(item: Item, names: AttributeNames, also: Iterable[Path] = ()) -> Condition:
    """The condition that metadata, known attributes and those at `also` are as in `item`.

    So are those by which the item is a product: another program's item is never written.
    """
    selected = () if names.selects is None else names.selects.names - {*names.key.names}
    paths = ((names.metadata,), *names.known_paths, *((name,) for name in sorted(selected)))
    return compared(item, dict.fromkeys((*paths, *also)))


def compared(item: Item, paths: Iterable[Path]) -> Condition:
    """The condition that the values at these paths are as in `item`."""
    return Condition(tuple((path, value_at(item, path)) for path in paths))


def put_new(draft: ProductDraft, stamp: Stamp, now: datetime, stamps: Stamps) -> Item:
    """The item of a new product."""
    fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
    product_id = fields.pop("product_id")
    key = stamps.names.key.key_of(product_id)
    item = _with(key, encode_fields(fields, stamps.names, key))
    new = Metadata(created_at=rfc3339(now))
    return stamps.signed(None, item, _metadata(stamp, new, now))


def put_again(item: Item, stamp: Stamp, now: datetime, stamps: Stamps) -> Item:
    """A deleted item with all of its attributes; its version counts on.

    Raises:
        MetadataTaken: another program kept something else under the metadata's name.

    """
    before = _own_metadata(item, stamps.names)
    return stamps.signed(None, item, _metadata(stamp, before, now))


def update(
    item: Item, fields: Mapping[str, Any], stamp: Stamp, now: datetime, stamps: Stamps
) -> tuple[dict[str, Any], Item]:
    """Parameters of the update that sets `fields`, and the item after it.

    Raises:
        MetadataTaken: another program keeps something else under the metadata's name.
        AttributeKept: a field's attribute is of another type, written by another program.

    """
    return assign(item, encode_fields(fields, stamps.names, item), stamp, now, stamps)


def assign(
    item: Item, values: Values, stamp: Stamp, now: datetime, stamps: Stamps
) -> tuple[dict[str, Any], Item]:
    """Parameters of the update that sets these values, and the item after it.

    Raises:
        MetadataTaken: another program keeps something else under the metadata's name.

    """
    names = stamps.names
    metadata = _metadata(stamp, _own_metadata(item, names), now)
    after = stamps.signed(item, _with(item, values), metadata)
    # A map that the item lacks is set as a whole, if it is still lacking. In a map that it has, a
    # value can be set only while it is a map.
    places = {first_missing(item, path) for path in values}
    condition = Condition(
        as_read(item, names).values + tuple((place, None) for place in places - {*values}),
        tuple({place[:-1] for place in places if len(place) > 1}),
    )
    assigned = {place: value_at(after, place) for place in (*places, (names.metadata,))}
    present = {
        place: value
        for place, value in assigned.items()
        if value is not None or value_at(item, place) is not None
    }
    return _with_assignments(condition.request(names.key), present), after


def is_written_by(stamp: Stamp, item: Item | None, names: AttributeNames) -> bool:
    """Whether this stamp's request made the item's last write by Stockpulse.

    An engine that crashes between a write and its response may forget the transaction's token. The
    repeat then fails its condition because of the write that it repeats.
    """
    metadata = metadata_of(item, names)
    return metadata is not None and metadata.request_id == stamp.request_id


def mark_delete(
    item: Item, stamp: Stamp, now: datetime, stamps: Stamps
) -> tuple[dict[str, Any], Item]:
    """Parameters of the update that marks an item for deletion, and the item after it.

    ETag and version stay as they are.

    Raises:
        MetadataTaken: another program keeps something else under the metadata's name.

    """
    names = stamps.names
    _own_metadata(item, names)
    mark = DeleteMark(
        at=rfc3339(now),
        actor=stamp.actor,
        request_id=stamp.request_id,
        reason=stamp.reason,
        note=stamp.note,
        reverses=stamp.reverses,
    )
    marked = stamps.marked(item, mark)
    return _set_metadata(item, marked, names), marked


def unmark(marked: Item, stamps: Stamps) -> dict[str, Any]:
    """Parameters of the update that removes the delete mark, if the item still has this one."""
    return _set_metadata(marked, stamps.unmarked(marked), stamps.names, [(stamps.names.metadata,)])


def _set_metadata(
    item: Item, after: Item, names: AttributeNames, condition: Iterable[Path] | None = None
) -> dict[str, Any]:
    required = as_read(item, names) if condition is None else compared(item, condition)
    return _with_assignments(
        required.request(names.key), {(names.metadata,): after.get(names.metadata)}
    )


def _own_metadata(item: Item, names: AttributeNames) -> Metadata:
    metadata = metadata_of(item, names)
    if metadata is None:
        raise MetadataTaken(
            f"This item's attribute {names.metadata} belongs to another program, so nothing is "
            "changed. Set STOCKPULSE_METADATA_ATTRIBUTE to a name that no program uses."
        )
    return metadata if metadata.deleted is None else replace(metadata, deleted=None)


def _metadata(stamp: Stamp, before: Metadata, now: datetime) -> Metadata:
    counted_at = before.counted_at if stamp.counted_at is None else stamp.counted_at
    if stamp.counts or stamp.reason == "counted":
        counted_at = rfc3339(now)
    return Metadata(
        version=before.version + 1,
        created_at=before.created_at,
        updated_at=rfc3339(now),
        actor=stamp.actor,
        request_id=stamp.request_id,
        reason=stamp.reason,
        note=stamp.note,
        reference=stamp.reference,
        reverses=stamp.reverses,
        counted_at=counted_at,
    )


def _with(item: Item, values: Values) -> Item:
    for path, value in values.items():
        item = with_value(item, path, value)
    return item


def placeholder(names: dict[str, str], prefix: str, path: Path) -> str:
    """The path in an expression; `names` gets its placeholders."""
    if len(path) == 1:
        names[prefix] = path[0]
        return prefix
    aliases = [prefix, *(f"{prefix}_{depth}" for depth in range(1, len(path)))]
    names.update(zip(aliases, path, strict=True))
    return ".".join(aliases)


def _with_assignments(request: dict[str, Any], attributes: Values) -> dict[str, Any]:
    """The request with SET for values and REMOVE for None."""
    names = dict(request["ExpressionAttributeNames"])
    values = dict(request.get("ExpressionAttributeValues", {}))
    sets, removes = [], []
    for index, (path, value) in enumerate(sorted(attributes.items())):
        place = placeholder(names, f"#a{index}", path)
        if value is None:
            removes.append(place)
        else:
            sets.append(f"{place} = :a{index}")
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
