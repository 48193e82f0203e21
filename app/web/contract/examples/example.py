"""An example of the contract, and the product that most of them are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ETAG = '"6f1c2d0a9b8e7f54.0d9c8b7a6f5e4d3c"'


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its response."""

    status: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    response: Any = None
    headers: Sequence[str] = ()  # of the response


def a_product(**changes: Any) -> dict[str, Any]:
    """The tea as a response shows it, with these changes."""
    return {
        "product_id": "TEA-1",
        "name": "Earl Grey, 100 g",
        "stock": 40,
        "category": "Tea",
        "price": "6.9",
        "reorder_point": 10,
        "tags": ["black", "loose"],
        "barcode": "4006381333931",
        "no_reorder": False,
        "unit": None,
        "attributes": {},
        "mistyped": [],
        "version": 1,
        "created_at": "2026-11-21T08:00:00.120Z",
        "updated_at": "2026-11-21T08:00:00.120Z",
        **changes,
    }
