"""A row is the API's own JSON of a product or an event, flattened to cells for CSV and XLSX. Pure.

A list becomes one cell: its texts with `;` between them, where `;` and the backslash inside a text
have a backslash before them. An object becomes its JSON. Null, no texts and an empty object become
an empty cell. Numbers are exact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from app.core import json_text
from app.core.events import ChangeEvent, cloud_event, data_of
from app.store.products.model import Product
from app.web.schemas.outputs import EventData, ProductOut, product_out

Row = TypeVar("Row")
Cell = str | Decimal | None


@dataclass(frozen=True, slots=True)
class RowFormat(Generic[Row]):
    """How one kind of row is exported: its cells under the columns, and its JSON document."""

    name: str
    columns: Sequence[str]
    cells: Callable[[Row], Sequence[Cell]]
    document: Callable[[Row], Mapping[str, Any]]


def products_format() -> RowFormat[Product]:
    """Products with the fields of `GET /v1/products`."""
    return RowFormat("products", tuple(ProductOut.model_fields), _product_cells, product_out)


_IMAGES = {"before", "after", "images_omitted"}  # only NDJSON has them
_EVENT_COLUMNS = tuple(name for name in EventData.model_fields if name not in _IMAGES)


def events_format(products_table: str) -> RowFormat[ChangeEvent]:
    """Events: cells have the fields of `data` without the images; documents are CloudEvents."""
    return RowFormat(
        "events", _EVENT_COLUMNS, _event_cells, lambda event: cloud_event(event, products_table)
    )


def _product_cells(product: Product) -> list[Cell]:
    exact = {name: getattr(product, name) for name in ("stock", "price", "reorder_point")}
    return [_cell(value) for value in (product_out(product) | exact).values()]


def _event_cells(event: ChangeEvent) -> list[Cell]:
    exact = {name: getattr(event, name) for name in ("stock_before", "stock_after", "delta")}
    data = data_of(event, with_images=False) | exact
    return [_cell(data[name]) for name in _EVENT_COLUMNS]


def _cell(value: Any) -> Cell:
    match value:
        case None | str() | Decimal():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return Decimal(value)
        case list():
            texts = (text.replace("\\", "\\\\").replace(";", "\\;") for text in value)
            return ";".join(texts) or None
        case _:
            return json_text.dumps(value).decode() if value else None


def encodable(text: str) -> str:
    """The text; half an emoji (a lone surrogate), which UTF-8 does not have, becomes its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
