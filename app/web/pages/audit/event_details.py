"""An event's details: each field before and after, who and why, and the whole as JSON. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.events import ChangeEvent, cloud_event, data_of
from app.core.numbers import digits
from app.store.products.reversal.reversal_errors import AlreadyReversed
from app.web.pages.event_rows import Row
from app.web.pages.rows.attribute_text import NONE, value_in

_LONGEST = 10_000  # characters of a value; the API has the whole
_JSON_LONGEST = 64 * 1024  # characters; a longer document is a link


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of the product before and after the change; None: it had none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class EventDetails:
    """What the page shows of an event besides its row.

    `fields` is None if the stream's view type leaves out what the product was before or after.
    `json` is None if the document is too long for a page. `objection`: why the event cannot be
    taken back, empty if it may be possible. `is_undone`: it was taken back already, by the event
    `undone_by` if that has arrived.
    """

    row: Row
    event: ChangeEvent
    fields: list[FieldChange] | None
    json: str | None
    objection: str
    is_undone: bool = False
    undone_by: str | None = None


def details_of(
    event: ChangeEvent,
    row: Row,
    table: str,
    metadata: str,
    objection: str,
    undone: AlreadyReversed | None = None,
) -> EventDetails:
    """The event's details; `table` is the products table, `metadata` our attribute in its items.

    `undone` is the error that taking it back again would be.
    """
    document = json.dumps(
        cloud_event(event, table), indent=2, ensure_ascii=False, default=str, sort_keys=True
    )
    return EventDetails(
        row=row,
        event=event,
        fields=field_changes(data_of(event), metadata),
        json=document if len(document) <= _JSON_LONGEST else None,
        objection=objection,
        is_undone=undone is not None,
        undone_by=None if undone is None else undone.extra["reversed_by"]["event_id"],
    )


def field_changes(data: Mapping[str, Any], metadata: str) -> list[FieldChange] | None:
    """The fields that differ, or all fields of a product that is new or gone.

    Our own attribute is shown only if nothing else changed.
    """
    before, after, name = data["before"], data["after"], data["event_name"]
    if (before is None and name != "INSERT") or (after is None and name != "REMOVE"):
        return None
    if before is None and after is None:
        return None
    names = data["changed"] or sorted((before or {}).keys() ^ (after or {}).keys())
    if before is None or after is None:
        names = [one for one in names if one != metadata]
    found = [FieldChange(one, _text(before, one), _text(after, one)) for one in names]
    return [one for one in found if one.before != one.after]


def _text(image: Mapping[str, Any] | None, name: str) -> str | None:
    value = value_in(image or {}, name)
    if value is NONE:
        return None
    match value:
        case str():
            text = value
        case bool():
            text = "yes" if value else "no"
        case int():
            text = digits(value)
        case _:
            text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
