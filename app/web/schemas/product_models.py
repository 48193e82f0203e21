"""What clients may say; messages tell what to do about bad input.

Forms are validated by the same models, so that both speak with one voice.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

from app.store.products.model import ProductDraft
from app.web.schemas.fields import (
    Barcode,
    Category,
    Name,
    Note,
    Price,
    ProductID,
    Reason,
    Reference,
    ReorderPoint,
    Stock,
    Tags,
)

MAX_DELTA = 10**9


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
