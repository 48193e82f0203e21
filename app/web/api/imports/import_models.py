"""Imports as the API returns them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import rfc3339
from app.web.imports.import_state import Import, ImportRow
from app.web.schemas.outputs import NEXT_CURSOR


class ImportColumn(BaseModel):
    """A column of the file."""

    name: str = Field(description="Its name in the file.")
    field: str | None = Field(description="The product's field that it fills; null: none.")


class ImportOut(BaseModel):
    """An import and its progress."""

    id: str = Field(description='The import\'s id. `reference:"import ID"` finds its events.')
    filename: str = Field(description="The name of the file.")
    state: Literal["reading", "ready", "running", "done", "undoing", "undone", "failed"] = Field(
        description="`reading`: the file is read and compared. `ready`: it waits for its start. "
        "`running` and `undoing`: rows are written or taken back; that goes on after a crash. "
        "`failed`: `detail` says why, and nothing was written."
    )
    detail: str | None = Field(
        description="Why the import has failed, or cannot be started; null if neither."
    )
    about: str = Field(description="What the file was recognised as.")
    sheet: str | None = Field(description="The sheet of a spreadsheet that is read.")
    sheets: list[str] = Field(description="All sheets of a spreadsheet.")
    columns: list[ImportColumn] = Field(description="The columns of the file.")
    decimal: Literal[".", ","] | None = Field(
        description="The decimal mark of the file's numbers; null if no number shows it."
    )
    create: int = Field(description="How many rows create a product.")
    change: int = Field(description="How many rows change a product.")
    unchanged: int = Field(description="How many rows change nothing.")
    refused: int = Field(description="How many rows cannot be imported.")
    fields: dict[str, int] = Field(description="How many rows set each field to another value.")
    written: int = Field(description="How many rows were written.")
    not_written: int = Field(
        description="How many rows were refused when they were to be written, because the product "
        "had changed since it was compared, for example."
    )
    undone: int = Field(description="How many rows were taken back.")
    kept: int = Field(description="How many rows could not be taken back.")
    rows_done: int = Field(description="How many rows the work at hand has handled.")
    rows_total: int = Field(description="How many rows it has; 0 if that is not known.")
    actor: str = Field(description="The key or person that started the import.")
    created_at: str = Field(description="When the file was received (RFC 3339, UTC).")
    began_at: str | None = Field(description="When writing began (RFC 3339, UTC).")


class ImportListOut(BaseModel):
    """The imports of this server, newest first."""

    items: list[ImportOut] = Field(description="The imports.")
    next_cursor: None = Field(description="Always null: there are at most 20 imports.")


class FieldChange(BaseModel):
    """A field that a row changes."""

    field: str = Field(description="The field.")
    before: str = Field(description="Its value when it was compared, as text.")
    after: str = Field(description="Its new value, as text.")


class ImportRowOut(BaseModel):
    """A row of the file."""

    row: int = Field(description="Its number in the file; the names of the columns are row 1.")
    product_id: str = Field(description="The product's id; empty if the row has none.")
    action: Literal["create", "change", "unchanged", "refused"] = Field(
        description="What the row does."
    )
    changes: list[FieldChange] = Field(description="The fields that it changes.")
    outcome: Literal["", "written", "refused", "undone", "kept"] = Field(
        description="What became of it; empty before it was written. `kept`: not taken back."
    )
    reason: str | None = Field(description="Why the row was refused, or was not taken back.")


class ImportRowsOut(BaseModel):
    """A page of rows, in the order of the file."""

    items: list[ImportRowOut] = Field(description="The rows.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def import_out(found: Import) -> dict[str, Any]:
    """An import as JSON values, as in `ImportOut`."""
    columns = found.columns or [None] * len(found.header)
    return {
        "id": found.id,
        "filename": found.filename,
        "state": found.state,
        "detail": found.trouble,
        "about": found.about,
        "sheet": found.sheet,
        "sheets": list(found.sheets),
        "columns": [
            {"name": name, "field": field}
            for name, field in zip(found.header, columns, strict=False)
        ],
        "decimal": found.mark,
        **{
            name: found.counts.get(name, 0) for name in ("create", "change", "unchanged", "refused")
        },
        "fields": dict(found.fields),
        "written": found.written,
        "not_written": found.outcomes.get("refused", 0),
        "undone": found.outcomes.get("undone", 0),
        "kept": found.outcomes.get("kept", 0),
        "rows_done": found.done,
        "rows_total": found.total,
        "actor": found.actor,
        "created_at": rfc3339(found.created_at),
        "began_at": None if found.began_at is None else rfc3339(found.began_at),
    }


def row_out(row: ImportRow) -> dict[str, Any]:
    """A row as JSON values, as in `ImportRowOut`."""
    return {
        "row": row.number,
        "product_id": row.product_id,
        "action": row.action,
        "changes": [
            {"field": field, "before": before, "after": after}
            for field, before, after in row.changes
        ],
        "outcome": row.outcome,
        "reason": row.reason or None,
    }
