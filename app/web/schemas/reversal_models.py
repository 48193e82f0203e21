"""Reversals: why an event is taken back, and what became of it."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from app.core.events import Reason
from app.core.keys import ID_BYTES
from app.store.products.model import Product
from app.web.schemas.batch_models import MAX_ITEMS, BatchItemOut
from app.web.schemas.fields import Note
from app.web.schemas.outputs import ProductOut, product_out
from app.web.schemas.product_models import Strict

_LONGEST_ID = 2 * ID_BYTES  # characters; base64 and the event key need less


def _distinct(events: list[str]) -> list[str]:
    if len(set(events)) < len(events):
        raise ValueError("must not contain the same event twice")
    return events


class ReversalRequest(Strict):
    """Why a change is reversed."""

    reason: Reason = Field(
        "correction", description="Why the change is reversed. Recorded with the new event."
    )
    note: Note | None = Field(
        None, description="A comment, up to 500 characters. Recorded with the new event."
    )


class ReversalBatchRequest(ReversalRequest):
    """Up to 500 events, and why they are reversed."""

    events: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=_LONGEST_ID)]],
        Field(
            min_length=1,
            max_length=MAX_ITEMS,
            description="The ids of the events, in any order and each one only once.",
        ),
        AfterValidator(_distinct),
    ]


class ReversedProductOut(ProductOut):
    """A product after the reversal of a change."""

    not_reversed: list[str] = Field(
        description="The names of attributes that the event changed, too, and that stay as they "
        "are because Stockpulse never writes them. Empty if everything was taken back."
    )


class ReversalItemOut(BatchItemOut):
    """The result of one event."""

    product: ReversedProductOut | None = Field(
        None,
        description="The product after the reversal, if it succeeded and did not delete the "
        "product. After 8 MB of results, it is left out of the further ones.",
    )


class ReversalBatchOut(BaseModel):
    """The results of a batch of reversals."""

    items: list[ReversalItemOut] = Field(
        description="The result of each event, in the order of the request."
    )


def reversed_product_out(product: Product, not_reversed: tuple[str, ...]) -> dict[str, Any]:
    """A product as JSON values, as in `ReversedProductOut`."""
    return {**product_out(product), "not_reversed": list(not_reversed)}
