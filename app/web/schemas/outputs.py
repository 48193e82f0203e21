"""What the API shows: products and events as JSON."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import Kind
from app.store.products.model import Product


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
    void: bool | None = Field(
        None,
        description="of a `reconciled` event, on pages of a product's events: whether it is void, "
        "because the record of the change that it tells of arrived after all",
    )


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
