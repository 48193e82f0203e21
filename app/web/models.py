"""The shapes of the API, and what counts as good input; messages say what to do about bad input.

Forms are validated by the same models, so that both speak with one voice.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
)

from app.events import Kind
from app.item import MAX_STOCK
from app.store.product import Product, ProductDraft

Reason = Literal[
    "received",
    "sold",
    "returned",
    "damaged",
    "lost",
    "found",
    "counted",
    "transfer",
    "correction",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

MAX_DELTA = 10**9

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _is_hidden(character: str) -> bool:
    """Controls, line breaks and what turns text around; joiners are part of many scripts."""
    kind = unicodedata.category(character)
    return kind in {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"} or (
        kind == "Cf" and character not in "\u200c\u200d"
    )


def _line(value: str) -> str:
    """One line of readable text: it is shown on pages and in terminals."""
    if any(_is_hidden(character) for character in value):
        raise ValueError("must not contain control or unprintable characters")
    if value != value.strip():
        raise ValueError("must not begin or end with a space")
    return value


def _product_id(value: str) -> str:
    if any(part in {".", ".."} for part in value.split("/")):
        raise ValueError("must not hold `.` or `..` as a part: URLs cannot carry it")
    return value


def _lines(value: str) -> str:
    """Text of several lines; what moves a terminal's cursor or ends a string is kept out."""
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters other than tabs and line breaks")
    return value


def _plain_decimal(value: object) -> object:
    """Digits as people write them: Decimal itself reads `1_0`, `1e1` and any script's digits."""
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", value):
        raise ValueError("must be a plain decimal number such as 19.90")
    return value


def _unique(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("must not hold the same tag twice")
    return tags


ProductID = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_line),
    AfterValidator(_product_id),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Stock = Annotated[StrictInt, Field(ge=0, le=MAX_STOCK)]
Price = Annotated[
    Decimal,
    Field(ge=0, max_digits=20, decimal_places=6),
    BeforeValidator(_plain_decimal),
    AfterValidator(abs),  # -0 is 0
]
ReorderPoint = Annotated[StrictInt, Field(ge=0, le=MAX_STOCK)]
Category = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)]
Barcode = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_line)]
Tag = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_line)]
Tags = Annotated[list[Tag], Field(max_length=50), AfterValidator(_unique)]
Note = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_lines)]
Reference = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]


class Strict(BaseModel):
    """A body that may hold nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class ProductBody(Strict):
    """What a client says of a product when it writes all of it."""

    name: Name
    stock: Stock
    category: Category | None = None
    price: Price | None = None
    reorder_point: ReorderPoint | None = None
    tags: Tags = []
    barcode: Barcode | None = None

    def draft(self, product_id: str) -> ProductDraft:
        """The same for the store."""
        return ProductDraft(
            product_id=product_id,
            name=self.name,
            stock=self.stock,
            category=self.category,
            price=self.price,
            reorder_point=self.reorder_point,
            tags=tuple(self.tags),
            barcode=self.barcode,
        )


class ProductCreate(ProductBody):
    """A new product."""

    product_id: ProductID


class ProductReplace(ProductBody):
    """All of a product; its id, if given, is that of the path."""

    product_id: str | None = None


class ProductPatch(Strict):
    """A merge patch (RFC 7396): what is absent stays, null removes."""

    name: Name = ""
    stock: Stock = 0
    category: Category | None = None
    price: Price | None = None
    reorder_point: ReorderPoint | None = None
    tags: Tags | None = None
    barcode: Barcode | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were named."""
        named: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "tags" in named:
            named["tags"] = tuple(named["tags"] or ())
        return named


class AdjustmentRequest(Strict):
    """Goods that came or went."""

    delta: Annotated[
        StrictInt,
        Field(ge=-MAX_DELTA, le=MAX_DELTA, json_schema_extra={"not": {"const": 0}}),
    ]
    reason: Reason
    note: Note | None = None
    reference: Reference | None = None

    @field_validator("delta")
    @classmethod
    def _moves(cls, value: int) -> int:
        if value == 0:
            raise ValueError("must not be 0")
        return value


class CountRequest(Strict):
    """What somebody counted on the shelf."""

    counted: Stock
    reason: Reason = "counted"
    note: Note | None = None
    reference: Reference | None = None


class ReversalRequest(Strict):
    """Why a stock change is taken back."""

    reason: Reason = "correction"
    note: Note | None = None


class ProductOut(BaseModel):
    """A product as it is."""

    product_id: str
    name: str | None
    stock: int | None = Field(description="null where the stored value is no count of goods")
    category: str | None
    price: str | None = Field(description="an exact decimal")
    reorder_point: int | None
    tags: list[str]
    barcode: str | None
    attributes: dict[str, Any] = Field(description="what other programs put on the item")
    version: int
    created_at: str | None
    updated_at: str | None


class ProductPageOut(BaseModel):
    """Some products, and the cursor of the next page."""

    items: list[ProductOut]
    next_cursor: str | None


class EventData(BaseModel):
    """What an event tells; images are plain JSON under the table's own attribute names."""

    id: str
    event_key: str
    kind: Kind
    product_id: str
    product_name: str | None
    category: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    images_omitted: bool = Field(description="too large here: read the event by its id")
    changed: list[str]
    stock_before: int | None
    stock_after: int | None
    delta: int | None
    actor: str | None = Field(description="null for a change made outside Stockpulse")
    reason: str | None
    note: str | None
    reference: str | None
    request_id: str | None
    occurred_at: str
    event_name: str
    sequence_number: str
    view_type: str


class CloudEventOut(BaseModel):
    """An event as a CloudEvents 1.0 object."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    data: EventData
    cursor: str | None = Field(None, description="its place in the timeline, on pages of `/events`")


class EventPageOut(BaseModel):
    """Some events, as CloudEvents, and the cursor of the next page."""

    items: list[CloudEventOut]
    next_cursor: str | None


def product_out(product: Product) -> dict[str, Any]:
    """A product as JSON values, in the shape of `ProductOut`."""
    return {
        "product_id": product.product_id,
        "name": product.name,
        "stock": product.stock,
        "category": product.category,
        "price": None if product.price is None else format(product.price, "f"),
        "reorder_point": product.reorder_point,
        "tags": list(product.tags),
        "barcode": product.barcode,
        "attributes": product.attributes,
        "version": product.version,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }
