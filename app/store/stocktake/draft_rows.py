"""The rows of the settings table that hold drafts; they grant nothing, so none is signed. Pure.

| Kind | ID | |
|---|---|---|
| `stocktake` | the draft's id | the draft; each change of it or its lines is conditional on it |
| `stocktake-line <draft>` | hash of the product id | a line |
| `stocktake-open` | the draft's id | the list of open drafts |
| `stocktake-done` | time of the commit, the draft's id | the list of committed ones |

Rows of committed drafts expire after 90 days.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from app.core.numbers import digits
from app.store.access.settings_rows import row_key
from app.store.stocktake.draft import Draft, Line

KEPT_SECONDS = 90 * 24 * 3600
DRAFT, LINE, OPEN, DONE = "stocktake", "stocktake-line", "stocktake-open", "stocktake-done"
_DRAFT_ID = re.compile(r"[0-9a-f]{16}")
_NAMES = {Draft: {"id": ""}, Line: {"product_id": "ProductID", "name": "ProductName"}}

Row = Mapping[str, Any]
Kept = TypeVar("Kept", Draft, Line)


def is_draft_id(text: str) -> bool:
    """Whether this can be the id of a draft."""
    return _DRAFT_ID.fullmatch(text) is not None


def draft_key(draft_id: str) -> Any:
    """The key of a draft's row."""
    return row_key(DRAFT, draft_id)


def lines_kind(draft_id: str) -> str:
    """The partition of a draft's lines."""
    return f"{LINE} {draft_id}"


def line_id(product_id: str) -> str:
    """A key of fixed length, because a product id can be longer than a sort key."""
    return sha256(product_id.encode(errors="surrogatepass")).hexdigest()[:32]


def line_key(draft_id: str, product_id: str) -> Any:
    """The key of a line's row."""
    return row_key(lines_kind(draft_id), line_id(product_id))


def done_key(draft_id: str, now_ms: int) -> Any:
    """The key of a draft's row in the list of committed ones."""
    return row_key(DONE, f"{now_ms:013d}-{draft_id}")


def listed_draft(row: Row) -> str:
    """The id of the draft in a row of either list."""
    return str(row["ID"]["S"])[-16:]


def draft_row(draft: Draft) -> dict[str, Any]:
    """The draft as its row."""
    return {**draft_key(draft.id), **_attributes(draft)}


def line_row(draft_id: str, line: Line) -> dict[str, Any]:
    """The line as its row."""
    return {**line_key(draft_id, line.product_id), **_attributes(line)}


def draft_of(row: Row) -> Draft:
    """The draft in a row."""
    return Draft(id=row["ID"]["S"], **_values(Draft, row))


def line_of(row: Row) -> Line:
    """The line in a row."""
    return Line(**_values(Line, row))


def expiry(now_ms: int) -> dict[str, Any]:
    """The attribute by which the store deletes a row."""
    return {"ExpiresAt": {"N": str(now_ms // 1000 + KEPT_SECONDS)}}


def attribute_of(kind: type[Draft] | type[Line], name: str) -> str:
    """The attribute that holds a field: `last_count` is `LastCount`."""
    given = _NAMES[kind].get(name)
    return name.title().replace("_", "") if given is None else given


def encoded(value: Any) -> dict[str, Any]:
    """A field's value as an attribute value."""
    match value:
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": digits(value)}
        case _:
            return {"S": str(value)}


def _attributes(kept: Draft | Line) -> dict[str, Any]:
    """The fields that have a value; the others have their default when the row is read."""
    kind = type(kept)
    return {
        name: encoded(value)
        for field in fields(kept)
        if (name := attribute_of(kind, field.name))
        and (value := getattr(kept, field.name)) not in (None, "")
    }


def _values(kind: type[Draft] | type[Line], row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(kind):
        stored = row.get(attribute_of(kind, field.name))
        if stored is not None and field.name != "id":
            ((tag, value),) = stored.items()
            is_count = tag == "N" and field.type is int
            found[field.name] = int(value) if is_count else Decimal(value) if tag == "N" else value
    if kind is Line:
        found.setdefault("book", None)
    return found
