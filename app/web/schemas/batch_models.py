"""`POST /v1/products:batch`: each item names its action, and is validated on its own."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SkipValidation

from app.core.events import Reason
from app.web.schemas.fields import Note, Reference
from app.web.schemas.outputs import ProductOut
from app.web.schemas.product_models import (
    AdjustmentRequest,
    CountRequest,
    ProductBody,
    ProductCreate,
    ProductPatch,
    Strict,
)

MAX_ITEMS = 500

# The id of an existing product: other programs may use ids that we do not accept for new ones.
AnyID = Annotated[str, Field(min_length=1, max_length=2048, description="The product's id.")]
IfMatch = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        description="The product's ETag as you last read it. The item fails with 412 if the "
        "product has changed since. `*` skips the check: the last write wins.",
    ),
]


class _Remarks(Strict):
    reason: Reason | None = Field(
        None, description="Why the product changes. Recorded with the event."
    )
    note: Note | None = Field(
        None, description="A comment, up to 500 characters. Recorded with the event."
    )
    reference: Reference | None = Field(
        None, description="An order number, URI or similar. Recorded with the event."
    )


class CreateItem(ProductCreate, _Remarks):
    """Create a product."""

    action: Literal["create"]


class ReplaceItem(ProductBody, _Remarks):
    """Replace all fields of a product."""

    action: Literal["replace"]
    product_id: AnyID
    if_match: IfMatch


class PatchItem(_Remarks):
    """Change the fields of a product that are in `changes`; null removes a field."""

    action: Literal["patch"]
    product_id: AnyID
    if_match: IfMatch
    changes: ProductPatch


class DeleteItem(_Remarks):
    """Delete a product. Its events remain."""

    action: Literal["delete"]
    product_id: AnyID
    if_match: IfMatch


class AdjustItem(AdjustmentRequest):
    """Add units to a product's stock or remove them."""

    action: Literal["adjust"]
    product_id: AnyID


class CountItem(CountRequest):
    """Set a product's stock to the number of units counted."""

    action: Literal["count"]
    product_id: AnyID


BatchItem = Annotated[
    CreateItem | ReplaceItem | PatchItem | DeleteItem | AdjustItem | CountItem,
    Field(discriminator="action"),
]


class BatchRequest(Strict):
    """Up to 500 writes. Those of the same product are applied in order."""

    # The route validates each item on its own: an invalid one does not affect the others.
    items: Annotated[
        list[Annotated[BatchItem, SkipValidation]],
        Field(min_length=1, max_length=MAX_ITEMS, description="The writes."),
    ]


class BatchItemOut(BaseModel):
    """The result of one item."""

    index: int = Field(description="The item's position in the request, starting at 0.")
    status: int = Field(description="The HTTP status that a single request would have returned.")
    etag: str | None = Field(None, description="The product's current ETag.")
    product: ProductOut | None = Field(
        None,
        description="The product after the write, if it succeeded and was not a deletion. After "
        "8 MB of results, it is left out of the further ones.",
    )
    problem: dict[str, Any] | None = Field(
        None, description="If the item failed: a problem document (see `Problem`)."
    )
    replayed: bool = Field(
        default=False,
        description="Whether an earlier request with the same `Idempotency-Key` applied the item.",
    )


class BatchOut(BaseModel):
    """The results of a batch."""

    items: list[BatchItemOut] = Field(
        description="The result of each item, in the order of the request."
    )
