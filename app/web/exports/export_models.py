"""Exports: what a client asks for, and the progress that it sees."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from app.core.events import Kind, Reason, rfc3339
from app.readmodel.events.event_query import Order as EventOrder
from app.web.exports.export_build import Export
from app.web.exports.export_file import Format
from app.web.schemas.fields import Moment, Quantity
from app.web.schemas.product_models import Strict

ProductSort = Literal[
    "id", "name", "category", "stock", "price", "reorder_point", "updated_at",
    "-id", "-name", "-category", "-stock", "-price", "-reorder_point", "-updated_at",
]  # fmt: skip

SAFE = (
    "Only for CSV: whether text that a spreadsheet would run as a formula is made harmless by "
    "apostrophes. Readers have to remove these (docs/use/exports.md)."
)
BOM = (
    "Only for CSV: whether the file begins with a byte order mark, without which Excel does not "
    "read it as UTF-8."
)
_AS_IN_LISTS = "As in `GET /v1/products`."
_Text = Annotated[str | None, Field(max_length=500, description=_AS_IN_LISTS)]
_Limit = Annotated[
    Decimal | None, Field(allow_inf_nan=False, max_digits=38, description=_AS_IN_LISTS)
]


class ProductFilters(Strict):
    """Which products, in which order: the query parameters of `GET /v1/products`."""

    q: str = Field("", max_length=500, description=_AS_IN_LISTS)
    category: _Text = None
    tag: _Text = None
    low: bool = Field(default=False, description=_AS_IN_LISTS)
    out: bool = Field(default=False, description=_AS_IN_LISTS)
    deleted: bool = Field(default=False, description=_AS_IN_LISTS)
    min_stock: _Limit = None
    max_stock: _Limit = None
    min_price: _Limit = None
    max_price: _Limit = None
    sort: ProductSort = Field("id", description=_AS_IN_LISTS)
    as_of: Moment | None = Field(None, description=_AS_IN_LISTS)


_AS_FOR_EVENTS = "As in `GET /v1/events`."
_Value = Annotated[str | None, Field(max_length=500, description=_AS_FOR_EVENTS)]
_When = Annotated[str | None, Field(max_length=40, description=_AS_FOR_EVENTS)]


class EventFilters(Strict):
    """Which events, in which order: the query parameters of `GET /v1/events`."""

    q: str = Field("", max_length=500, description=_AS_FOR_EVENTS)
    kind: list[Kind] | None = Field(None, description=_AS_FOR_EVENTS)
    product_id: str | None = Field(None, description=_AS_FOR_EVENTS)
    category: str | None = Field(None, description=_AS_FOR_EVENTS)
    actor: str | None = Field(None, description=_AS_FOR_EVENTS)
    min_delta: Annotated[Quantity, Field(gt=0)] | None = Field(None, description=_AS_FOR_EVENTS)
    reason: list[Reason] | None = Field(None, description=_AS_FOR_EVENTS)
    reference: _Value = None
    request_id: _Value = None
    since: _When = None
    until: _When = None
    order: EventOrder = Field("newest", description=_AS_FOR_EVENTS)


class ExportRequest(Strict):
    """A query, and the kind of file for all of its rows."""

    of: Literal["products", "events"] = Field(description="What to export.")
    format: Format = Field(description="The kind of file.")
    query: ProductFilters | EventFilters | None = Field(
        None, description="Which products or events; all of them by default."
    )
    safe: bool = Field(default=True, description=SAFE)
    bom: bool = Field(default=False, description=BOM)

    @field_validator("query", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        """Validate the query by what it is of, so that its errors are about that alone."""
        kinds: dict[str, type[Strict]] = {"products": ProductFilters, "events": EventFilters}
        kind = kinds.get(info.data.get("of", ""))
        return value if kind is None or value is None else kind.model_validate(value)


class ExportOut(BaseModel):
    """An export and its progress."""

    id: str = Field(description="The export's id.")
    of: str = Field(description="What is exported.")
    format: Format = Field(description="The kind of file.")
    state: Literal["waiting", "running", "ready", "failed"] = Field(
        description="`waiting`: for other exports. `ready`: the file can be downloaded. `failed`: "
        "`detail` says why."
    )
    rows_done: int = Field(description="How many rows the file has so far.")
    rows_total: int = Field(description="How many rows the query had when the export was started.")
    shortened: int = Field(
        description="How many texts did not fit into a cell of a spreadsheet (32,767 characters) "
        "and end with `…`."
    )
    bytes: int | None = Field(description="The size of the file; null until it is ready.")
    detail: str | None = Field(description="Why the export failed; null if it did not.")
    created_at: str = Field(description="When the export was started (RFC 3339, UTC).")
    expires_at: str = Field(description="When it is deleted (RFC 3339, UTC).")
    file: str = Field(description="The path of the file.")


class ExportListOut(BaseModel):
    """The caller's exports, newest first."""

    items: list[ExportOut] = Field(description="The exports.")
    next_cursor: None = Field(description="Always null: there are only a few exports.")


def export_out(export: Export, base: str) -> dict[str, Any]:
    """An export as JSON values, as in `ExportOut`; paths begin with `base`."""
    return {
        "id": export.id,
        "of": export.of,
        "format": export.format,
        "state": export.state,
        "rows_done": export.done,
        "rows_total": export.total,
        "shortened": export.shortened,
        "bytes": export.size,
        "detail": export.trouble,
        "created_at": rfc3339(export.created_at),
        "expires_at": rfc3339(export.expires_at),
        "file": f"{base}/v1/exports/{export.id}/file",
    }
