"""Requests that change products; the pages' forms are validated by the same models."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.events import Reason
from app.store.products.model import ProductDraft
from app.web.schemas.fields import (
    Barcode,
    Category,
    Name,
    Note,
    Price,
    ProductID,
    Quantity,
    Reference,
    ReorderPoint,
    Stock,
    Tags,
    Unit,
)

MAX_DELTA = 10**9


class Strict(BaseModel):
    """A body that rejects unknown fields."""

    model_config = ConfigDict(extra="forbid")


_NAME = "The product's name, one line of text."
_STOCK = "The number of units in stock."
_CATEGORY = "The product's category."
_PRICE = (
    "The price: a decimal number with up to 6 decimal places. Send a string, such as `19.90`, to "
    "keep it exact."
)
_REORDER_POINT = "The stock at or below which the product should be reordered."
_TAGS = "Labels of the product, each one only once."
_BARCODE = "The product's barcode, such as an EAN."
_UNIT = (
    "The unit of the product's quantities, such as `kg`. Only where `STOCKPULSE_UNIT_ATTRIBUTE` is "
    "set."
)
_NOTE = "A comment, up to 500 characters. Recorded with the event."
_REFERENCE = "An order number, URI or similar. Recorded with the event."


class ProductBody(Strict):
    """All fields of a product that a client writes."""

    name: Name = Field(description=_NAME)
    stock: Stock = Field(description=_STOCK)
    category: Category | None = Field(None, description=_CATEGORY)
    price: Price | None = Field(None, description=_PRICE)
    reorder_point: ReorderPoint | None = Field(None, description=_REORDER_POINT)
    tags: Tags = Field([], description=_TAGS)
    barcode: Barcode | None = Field(None, description=_BARCODE)
    unit: Unit | None = Field(None, description=_UNIT)

    def draft(self, product_id: str) -> ProductDraft:
        """The fields as the store's draft of a product."""
        return ProductDraft(
            product_id=product_id,
            name=self.name,
            stock=self.stock,
            category=self.category,
            price=self.price,
            reorder_point=self.reorder_point,
            tags=tuple(self.tags),
            barcode=self.barcode,
            unit=self.unit,
        )


class ProductCreate(ProductBody):
    """A new product."""

    product_id: ProductID = Field(
        description="A unique id of your choice, such as a SKU, in standard form (RFC 8266). It "
        "cannot be changed later."
    )


class ProductReplace(ProductBody):
    """All fields of a product; fields that are left out are removed."""

    product_id: str | None = Field(
        None, description="Optional; must be the same as the id in the path."
    )


class ProductPatch(Strict):
    """A merge patch (RFC 7396): fields that are left out do not change, null removes a field."""

    name: Name = Field("", description=_NAME)
    stock: Stock = Field(Decimal(0), description=_STOCK)
    category: Category | None = Field(None, description=_CATEGORY)
    price: Price | None = Field(None, description=_PRICE)
    reorder_point: ReorderPoint | None = Field(None, description=_REORDER_POINT)
    tags: Tags | None = Field(None, description=_TAGS)
    barcode: Barcode | None = Field(None, description=_BARCODE)
    unit: Unit | None = Field(None, description=_UNIT)

    def changes(self) -> dict[str, Any]:
        """The fields in the patch, by name."""
        changes: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "tags" in changes:
            changes["tags"] = tuple(changes["tags"] or ())
        return changes


class AdjustmentRequest(Strict):
    """Units that are added to the stock or removed from it."""

    delta: Annotated[
        Quantity,
        Field(
            ge=-MAX_DELTA,
            le=MAX_DELTA,
            json_schema_extra={"not": {"const": 0}},
            description="The number of units to add; negative to remove units. Not 0.",
        ),
    ]
    reason: Reason = Field(description="Why the stock changes. Recorded with the event.")
    note: Note | None = Field(None, description=_NOTE)
    reference: Reference | None = Field(None, description=_REFERENCE)

    @field_validator("delta")
    @classmethod
    def _not_zero(cls, value: Decimal) -> Decimal:
        if value == 0:
            raise ValueError("must not be 0")
        return value


class CountRequest(Strict):
    """The result of a stock count."""

    counted: Stock = Field(description="The number of units counted: the new stock.")
    reason: Reason = Field("counted", description="Why the stock changes. Recorded with the event.")
    note: Note | None = Field(None, description=_NOTE)
    reference: Reference | None = Field(None, description=_REFERENCE)


class ReversalRequest(Strict):
    """Why a stock change is reversed."""

    reason: Reason = Field(
        "correction", description="Why the change is reversed. Recorded with the new event."
    )
    note: Note | None = Field(None, description=_NOTE)
