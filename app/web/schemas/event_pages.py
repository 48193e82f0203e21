"""Pages of events as the API returns them."""

from typing import Any

from pydantic import BaseModel, Field

from app.readmodel.copy_state import Filling
from app.web.schemas.outputs import NEXT_CURSOR, CloudEventOut, TotalOut


class ProductEventPageOut(BaseModel):
    """A page of a product's events, as CloudEvents."""

    items: list[CloudEventOut] = Field(description="The events.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


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


def filling_out(filling: Filling) -> dict[str, Any]:
    """The progress as JSON values, as in `FillingOut`."""
    return {"scanned": filling.scanned, "expected": filling.expected}
