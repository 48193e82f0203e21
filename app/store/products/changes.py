"""A change is decided from the product as it was read, and again after each failed try. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.errors import InsufficientStock, StockNotCountable
from app.core.item import MAX_STOCK
from app.store.products.etags import check_details, check_whole
from app.store.products.model import Product, ProductDraft, changes_to

# The fields that a write changes; empty if there is nothing to change.
Decide = Callable[[Product], Mapping[str, Any]]


def replacing(draft: ProductDraft, if_match: str) -> Decide:
    """Give every known field the draft's value.

    The decision raises:
        ETagMismatch: the product, stock included, does not match `if_match`.

    """
    fields = {
        name: getattr(draft, name) for name in draft.__dataclass_fields__ if name != "product_id"
    }

    def decide(product: Product) -> Mapping[str, Any]:
        check_whole(product, if_match)
        return changes_to(product, fields)

    return decide


def patching(changes: Mapping[str, Any], if_match: str) -> Decide:
    """Change the named fields; without `stock` among them, a sale in between is no conflict.

    The decision raises:
        ETagMismatch: the compared parts do not match `if_match`.

    """

    def decide(product: Product) -> Mapping[str, Any]:
        check = check_whole if "stock" in changes else check_details
        check(product, if_match)
        return changes_to(product, changes)

    return decide


def adjusting(delta: int) -> Decide:
    """Add `delta` units.

    The decision raises:
        InsufficientStock: the stock would fall below zero.
        StockNotCountable: the stored stock is not a count, or would exceed the maximum.

    """

    def decide(product: Product) -> Mapping[str, Any]:
        if product.stock is None:
            raise StockNotCountable(
                "The stored stock is missing or is not a whole number of 0 or more. "
                "Record a count or set the stock first."
            )
        total = product.stock + delta
        if total < 0:
            raise InsufficientStock(
                f"There are only {product.stock} in stock, so {-delta} cannot be removed.",
                extra={"stock": product.stock},
            )
        if total > MAX_STOCK:
            raise StockNotCountable(f"The stock would exceed the maximum of {MAX_STOCK}.")
        return {"stock": total}

    return decide


def counting(counted: int) -> Decide:
    """Set the stock to the counted number, whatever is stored."""

    def decide(_: Product) -> Mapping[str, Any]:
        return {"stock": counted}

    return decide
