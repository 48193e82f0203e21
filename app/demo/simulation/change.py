"""A change in the demo shop can be made in the store or turned into stream records."""

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
    """The stock changes by `delta` units."""

    delta: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields are set; a count of the shelf is an edit of `stock`."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drop:
    """The product is discontinued and deleted."""


Action = Launch | Move | Edit | Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change to one product by one person, at a simulated time.

    `opening` is True for the changes that fill the shelves before the shop opens.
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
        """The metadata of the write: actor, reason, note and reference."""
        return Stamp(
            actor=self.actor,
            request_id=request_id,
            reason=self.reason,
            note=self.note,
            reference=self.reference,
        )
