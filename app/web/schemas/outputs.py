"""Products and events as the API returns them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import Kind
from app.core.numbers import json_number
from app.readmodel.read_model import Filling
from app.store.products.barcodes import SameBarcode
from app.store.products.model import Product

# A JSON number while every reader keeps all of its digits, else a decimal string.
Number = int | float | str

_NEXT_CURSOR = "Send it as `cursor` to get the next page; null on the last page."


class ProductOut(BaseModel):
    """A product."""

    product_id: str = Field(description="The product's id.")
    name: str | None = Field(description="The product's name; null if the item has none.")
    stock: Number | None = Field(
        description="The number of units in stock, exactly: a decimal string if it has more than "
        "15 significant digits. Null if the stored value is missing or not a number."
    )
    category: str | None = Field(description="The product's category.")
    price: str | None = Field(description="The price, as an exact decimal string.")
    reorder_point: Number | None = Field(
        description="The stock at or below which the product should be reordered."
    )
    tags: list[str] = Field(description="Labels of the product.")
    barcode: str | None = Field(description="The product's barcode.")
    unit: str | None = Field(
        description="The unit of the product's quantities, such as `kg`; null if it has none, and "
        "if `STOCKPULSE_UNIT_ATTRIBUTE` is not set."
    )
    attributes: dict[str, Any] = Field(
        description="The item's other attributes, written by other programs. Writes through this "
        "API do not change them."
    )
    mistyped: list[str] = Field(
        description="Fields that are null or empty because the item holds something of another "
        "type there, which another program wrote: it is under `attributes`, and writes do not "
        "change it."
    )
    version: int = Field(
        description="Increases with each write through Stockpulse; 0 if it never wrote the item."
    )
    created_at: str | None = Field(
        description="When Stockpulse created the product (RFC 3339, UTC)."
    )
    updated_at: str | None = Field(
        description="When Stockpulse last changed the product (RFC 3339, UTC)."
    )


class WarningOut(BaseModel):
    """Something that may be a mistake, although the write was applied."""

    code: Literal["barcode-in-use", "barcode-not-checked"] = Field(
        description="`barcode-in-use`: another product has the same barcode. "
        "`barcode-not-checked`: nobody knows, because the table is too large to look for the "
        "barcode in half a second, or could not be read."
    )
    detail: str = Field(description="The warning, for people.")
    product_id: str | None = Field(
        description="The other product's id; null if the barcode was not checked."
    )


class WrittenProductOut(ProductOut):
    """A product after a write that may have set its barcode."""

    warnings: list[WarningOut] = Field(
        description="What may be a mistake; empty for a write that sets no barcode."
    )


class TotalOut(BaseModel):
    """How many items a list has."""

    count: int = Field(description="The number of items.")
    exact: bool = Field(description="Whether that is all; if not, there are more.")


class ProductPageOut(BaseModel):
    """A page of products."""

    items: list[ProductOut] = Field(description="The products.")
    next_cursor: str | None = Field(description=_NEXT_CURSOR)
    total: TotalOut | None = Field(description="Null unless the request has `total`.")
    as_of: str = Field(
        description="The list has every change that was audited up to this time (RFC 3339, UTC), "
        "and may lack later ones. With the parameter `as_of`: the time that the list shows."
    )
    unknown: int | None = Field(
        description="With the parameter `as_of`: how many products that were looked at for this "
        "page have no stored state at that time, for example because they are older than their "
        "history. Null without it."
    )
    seen: bool | None = Field(
        description="Whether the list has the write that the request names in `seen`; null "
        "without it."
    )


class EventData(BaseModel):
    """A change to a product. Images are plain JSON with the table's attribute names."""

    id: str = Field(description="The event's unique id.")
    event_key: str = Field(
        description="The event's key in the audit. Keys of one product sort in the order of its "
        "events."
    )
    kind: Kind = Field(
        description="The kind of change. `expired`: deleted by DynamoDB's TTL. `gap`: stream "
        "records are missing before this event. `reconciled`: a difference between the table and "
        "the audit, recorded later."
    )
    product_id: str = Field(description="The product's id.")
    product_name: str | None = Field(description="The product's name.")
    category: str | None = Field(
        description="The product's category after the change; of a deletion, before it."
    )
    before: dict[str, Any] | None = Field(
        description="The item before the change; null if it did not exist, or if it is not known."
    )
    after: dict[str, Any] | None = Field(
        description="The item after the change; null if it was deleted, or if it is not known."
    )
    images_omitted: bool = Field(
        description="Whether `before` and `after` are missing because they are too large. To get "
        "them, retrieve the event by its id."
    )
    changed: list[str] = Field(description="The names of the attributes that changed.")
    stock_before: Number | None = Field(description="The stock before the change, if known.")
    stock_after: Number | None = Field(description="The stock after the change, if known.")
    delta: Number | None = Field(
        description="For `stock_changed`: the number of units added, negative if removed."
    )
    unit: str | None = Field(
        description="The unit of the stock after the change; of a deletion, before it. Null if "
        "the product has none, or if it is not known."
    )
    actor: str | None = Field(
        description="The key or person that made the change; null for a change made outside "
        "Stockpulse."
    )
    reason: str | None = Field(description="The reason that was sent with the change.")
    note: str | None = Field(description="The note that was sent with the change.")
    reference: str | None = Field(
        description="The reference that was sent with the change. Of a reversal: the id of the "
        "reversed event."
    )
    request_id: str | None = Field(
        description="The id of the request that made the change. In a batch, with the item's index."
    )
    occurred_at: str = Field(description="When the change happened (RFC 3339, UTC).")
    event_name: str = Field(
        description="The stream record's type in DynamoDB: `INSERT`, `MODIFY` or `REMOVE`."
    )
    sequence_number: str = Field(description="The stream record's sequence number.")
    view_type: str = Field(
        description="The stream's view type, which determines the images in its records."
    )


class CloudEventOut(BaseModel):
    """An event as a CloudEvents 1.0 object."""

    specversion: Literal["1.0"] = Field(description="The version of CloudEvents.")
    id: str = Field(description="The event's unique id.")
    source: str = Field(description="The table that changed.")
    type: str = Field(description="`stockpulse.product.` and the kind of change.")
    subject: str = Field(description="The product's id.")
    time: str = Field(description="When the change happened (RFC 3339, UTC).")
    datacontenttype: Literal["application/json"] = Field(description="The type of `data`.")
    data: EventData
    cursor: str | None = Field(
        None,
        description="The event's position in the timeline. Only in pages of `GET /v1/events`.",
    )
    void: bool | None = Field(
        None,
        description="For a `reconciled` event: whether it is void, because the stream record of "
        "the same change arrived later. Only in pages of a product's events.",
    )


class ProductEventPageOut(BaseModel):
    """A page of a product's events, as CloudEvents."""

    items: list[CloudEventOut] = Field(description="The events.")
    next_cursor: str | None = Field(description=_NEXT_CURSOR)


class FillingOut(BaseModel):
    """How far the read model is."""

    scanned: int = Field(description="How many events were read since the server started.")
    expected: int | None = Field(description="About how many there are; null if not known.")


class EventPageOut(ProductEventPageOut):
    """A page of events, as CloudEvents."""

    total: TotalOut | None = Field(
        description="Null unless the request has `total`, and with `filling`."
    )
    as_of: str = Field(
        description="The page has every event that was audited up to this time (RFC 3339, UTC), "
        "and may lack later ones."
    )
    filling: FillingOut | None = Field(
        description="Null if the page comes from the read model. While that is being filled, pages "
        "can be short, or empty, and have no total: follow `next_cursor`."
    )


def written_product_out(product: Product, barcode: SameBarcode) -> dict[str, Any]:
    """A product as JSON values, as in `WrittenProductOut`."""
    warnings: list[dict[str, str | None]] = [
        {
            "code": "barcode-in-use",
            "detail": f"Product {other} has the same barcode.",
            "product_id": other,
        }
        for other in barcode.product_ids
    ]
    if not barcode.known:
        detail = "Other products with the same barcode could not be looked for in time."
        warnings = [{"code": "barcode-not-checked", "detail": detail, "product_id": None}]
    return {**product_out(product), "warnings": warnings}


def filling_out(filling: Filling) -> dict[str, Any]:
    """The progress as JSON values, as in `FillingOut`."""
    return {"scanned": filling.scanned, "expected": filling.expected}


def product_out(product: Product) -> dict[str, Any]:
    """A product as JSON values, as in `ProductOut`."""
    return {
        "product_id": product.product_id,
        "name": product.name,
        "stock": json_number(product.stock),
        "category": product.category,
        "price": None if product.price is None else format(product.price, "f"),
        "reorder_point": json_number(product.reorder_point),
        "tags": list(product.tags),
        "barcode": product.barcode,
        "unit": product.unit,
        "attributes": product.attributes,
        "mistyped": list(product.mistyped),
        "version": product.version,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }
