"""What a write will do is decided from the product as it was read, any number of times. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import InsufficientStock, StockNotCountable
from app.core.item import MAX_STOCK, AttributeNames
from app.store.products.etags import check_details, check_whole
from app.store.products.model import (
    Product,
    ProductDraft,
    changes_to,
    detail_attributes,
    known_attributes,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a write will do to the item that was read, and which attributes must still be so."""

    fields: Mapping[str, Any]
    compare: tuple[str, ...]


Decide = Callable[[Product], Decision]


def replacing(draft: ProductDraft, if_match: str, names: AttributeNames) -> Decide:
    """Give every known field the draft's value.

    The decision raises:
        ETagMismatch: the product, stock included, is not as `if_match` says.

    """
    fields = {
        name: getattr(draft, name) for name in draft.__dataclass_fields__ if name != "product_id"
    }

    def decide(product: Product) -> Decision:
        check_whole(product, if_match)
        return Decision(changes_to(product, fields), known_attributes(names))

    return decide


def patching(changes: Mapping[str, Any], if_match: str, names: AttributeNames) -> Decide:
    """Change the named fields; without `stock` a sale in between does not matter.

    The decision raises:
        ETagMismatch: the halves that count are not as `if_match` says.

    """

    def decide(product: Product) -> Decision:
        if "stock" in changes:
            check_whole(product, if_match)
            return Decision(changes_to(product, changes), known_attributes(names))
        check_details(product, if_match)
        return Decision(changes_to(product, changes), detail_attributes(names))

    return decide


def adjusting(delta: int, names: AttributeNames) -> Decide:
    """Add `delta` units.

    The decision raises:
        InsufficientStock: the stock would fall below zero.
        StockNotCountable: the stored stock is no count, or would grow past all sense.

    """

    def decide(product: Product) -> Decision:
        if product.stock is None:
            raise StockNotCountable(
                "The stored stock is missing or not a whole number of 0 or more. "
                "Count it (POST …/counts) or set it with PATCH first."
            )
        total = product.stock + delta
        if total < 0:
            raise InsufficientStock(
                f"Only {product.stock} in stock, so {-delta} cannot be taken.",
                extra={"stock": product.stock},
            )
        if total > MAX_STOCK:
            raise StockNotCountable(f"The stock would exceed {MAX_STOCK}.")
        return Decision({"stock": total}, (names.stock,))

    return decide


def counting(counted: int, names: AttributeNames) -> Decide:
    """Set the stock to what was counted, whatever was stored there."""

    def decide(_: Product) -> Decision:
        return Decision({"stock": counted}, (names.stock,))

    return decide
