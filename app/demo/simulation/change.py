"""What happens in the demo shop, in words that the store and a stream record can both tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.products.model import ProductDraft, Stamp


@dataclass(frozen=True, slots=True)
class Launch:
    """A product is put on the shelves."""

    draft: ProductDraft


@dataclass(frozen=True, slots=True)
class Move:
    """Units come (+) or go (-)."""

    delta: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields get values; a count of the shelf is an edit of `stock`."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drop:
    """The product is given up."""


Action = Launch | Move | Edit | Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that somebody does to one product, at a simulated moment.

    `opening` marks what fills the empty shelves before the shop opens.
    """

    at: datetime
    product_id: str
    action: Action
    actor: str
    reason: str | None = None
    note: str | None = None
    reference: str | None = None
    opening: bool = False

    def stamp(self, request_id: str) -> Stamp:
        """Who and why, as a write carries it."""
        return Stamp(
            actor=self.actor,
            request_id=request_id,
            reason=self.reason,
            note=self.note,
            reference=self.reference,
        )
