"""The shapes of `POST /v1/products:batch`: each item names its action, and is judged by itself."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SkipValidation

from app.web.schemas.fields import Note, Reason, Reference
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

# An id as it is stored: other programs' may be what a new one of ours must not.
AnyID = Annotated[str, Field(min_length=1, max_length=2048)]
IfMatch = Annotated[
    str, Field(min_length=1, max_length=1000, description="ETag of the state you mean, or `*`.")
]


class _Remarks(Strict):
    reason: Reason | None = None
    note: Note | None = None
    reference: Reference | None = None


class CreateItem(ProductCreate, _Remarks):
    """Create a product."""

    action: Literal["create"]


class ReplaceItem(ProductBody, _Remarks):
    """Replace every field of a product."""

    action: Literal["replace"]
    product_id: AnyID
    if_match: IfMatch


class PatchItem(_Remarks):
    """Change the named fields of a product; null removes one."""

    action: Literal["patch"]
    product_id: AnyID
    if_match: IfMatch
    changes: ProductPatch


class DeleteItem(_Remarks):
    """Delete a product; its history stays."""

    action: Literal["delete"]
    product_id: AnyID
    if_match: IfMatch


class AdjustItem(AdjustmentRequest):
    """Add to a product's stock or take from it."""

    action: Literal["adjust"]
    product_id: AnyID


class CountItem(CountRequest):
    """Set a product's stock to what was counted."""

    action: Literal["count"]
    product_id: AnyID


BatchItem = Annotated[
    CreateItem | ReplaceItem | PatchItem | DeleteItem | AdjustItem | CountItem,
    Field(discriminator="action"),
]


class BatchRequest(Strict):
    """Up to 500 writes; those of one product are applied in their order."""

    # Each is validated by itself: one that is wrong must not take the others with it.
    items: Annotated[
        list[Annotated[BatchItem, SkipValidation]], Field(min_length=1, max_length=MAX_ITEMS)
    ]


class BatchItemOut(BaseModel):
    """What became of one item."""

    index: int
    status: int = Field(description="as the single request would have been answered")
    etag: str | None = None
    product: ProductOut | None = None
    problem: dict[str, Any] | None = Field(None, description="a problem document")
    replayed: bool = Field(default=False, description="applied by an earlier try with this key")


class BatchOut(BaseModel):
    """What became of each item, in the order of the request."""

    items: list[BatchItemOut]
