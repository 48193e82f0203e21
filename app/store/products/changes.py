"""A change is decided from the product as it was read, and again after each failed try. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.errors import (
    CountedMeanwhile,
    ETagMismatch,
    InsufficientStock,
    InvalidStock,
    StockNotCountable,
)
from app.core.item import MAX_STOCK, AttributeNames, Item, stock
from app.core.metadata import metadata_of
from app.core.numbers import json_number, places, quantity, significant, total
from app.store.products.etags import check_details, check_whole
from app.store.products.field_values import Values, changes_to, encode_fields
from app.store.products.model import Product, ProductDraft, product_of

MOST_DIGITS = 38  # significant ones, which a DynamoDB number keeps

# The values that a write changes in an item, by path; as `Decide` otherwise.
Plan = Callable[[Item], Values | None]

# The fields that a write changes; empty if there is nothing to change. None if the product has
# changed, but is as the write would leave it: then there is nothing to record, either.
Decide = Callable[[Product], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class StockRules:
    """What a write of ours may make of a stock; other programs may write any number."""

    decimals: int = 0
    negative: bool = False

    def check(self, name: str, number: Decimal, stored: Decimal | None) -> None:
        """Accept a number that a client sent as a stock or a change of it.

        It may have as many decimal places as the stored stock.

        Raises:
            InvalidStock: it has too many decimal places.

        """
        allowed = max(self.decimals, places(stored or 0))
        if places(number) > allowed:
            most = f"have at most {allowed} decimal places" if allowed else "be whole"
            raise _invalid(name, f"must {most}")

    def checked(self, changes: Mapping[str, Any], product: Product) -> Mapping[str, Any]:
        """The changes; a stock that stays as another program wrote it is not among them.

        Raises:
            InvalidStock: as `check_stock`.

        """
        if "stock" in changes:
            self.check_stock("stock", changes["stock"], product.stock)
        return changes

    def check_stock(self, name: str, number: Decimal, stored: Decimal | None = None) -> None:
        """Accept a number as a new stock.

        Raises:
            InvalidStock: it has too many decimal places, or is negative.

        """
        self.check(name, number, stored)
        if number < 0 and not self.negative:
            raise _invalid(name, "must not be negative")


WHOLE_UNITS = StockRules()


def planned(decide: Decide, names: AttributeNames) -> Plan:
    """The plan that carries out a decision.

    The plan raises what the decision raises, and:
        AttributeKept: a field's attribute is of another type, written by another program.

    """

    def plan(item: Item) -> Values | None:
        fields = decide(product_of(item, names))
        return None if fields is None else encode_fields(fields, names, item)

    return plan


def replacing(draft: ProductDraft, if_match: str, rules: StockRules) -> Decide:
    """Give every known field the draft's value.

    The decision raises:
        ETagMismatch: the product, stock included, does not match `if_match`.

    """
    fields = {
        name: getattr(draft, name) for name in draft.__dataclass_fields__ if name != "product_id"
    }
    return _conditional(fields, check_whole, if_match, rules)


def patching(changes: Mapping[str, Any], if_match: str, rules: StockRules) -> Decide:
    """Change the named fields; without `stock` among them, a sale in between is no conflict.

    The decision raises:
        ETagMismatch: the compared parts do not match `if_match`.

    """
    check = check_whole if "stock" in changes else check_details
    return _conditional(changes, check, if_match, rules)


def _conditional(
    fields: Mapping[str, Any],
    check: Callable[[Product, str], None],
    if_match: str,
    rules: StockRules,
) -> Decide:
    """Set the fields if the product matches.

    A write whose answer was lost may be repeated by a proxy. It then no longer matches, but the
    product is as requested, and the answer is a success (RFC 9110, 13.1.1).
    """

    def decide(product: Product) -> Mapping[str, Any] | None:
        changes = changes_to(product, fields)
        try:
            check(product, if_match)
        except ETagMismatch:
            if changes:
                raise
            return None
        return rules.checked(changes, product)

    return decide


def adjusting(delta: Decimal, rules: StockRules) -> Decide:
    """Add `delta` units.

    The decision raises:
        InsufficientStock: the stock would fall below zero.
        StockNotCountable: the stored stock is no number, or would exceed the maximum.
        InvalidStock: `delta` has too many decimal places.

    """

    def decide(product: Product) -> Mapping[str, Any]:
        if product.stock is None:
            raise StockNotCountable(
                "The stored stock is missing or is not a number. If it is missing, record a count "
                "or set the stock first. What another program wrote there is not changed."
            )
        rules.check("delta", delta, product.stock)
        after = total(product.stock, delta)
        if after < 0 and delta < 0 and not rules.negative:
            unit = product.unit
            raise InsufficientStock(
                f"There are only {quantity(product.stock, unit)} in stock, so "
                f"{quantity(-delta, unit)} cannot be removed.",
                extra={"stock": json_number(product.stock)},
            )
        if abs(after) > MAX_STOCK or significant(after) > MOST_DIGITS:
            raise StockNotCountable(
                f"The stock would exceed {MAX_STOCK}, or need more than {MOST_DIGITS} digits."
            )
        return {"stock": after}

    return decide


def counting(counted: Decimal, rules: StockRules) -> Decide:
    """Set the stock to the counted number, whatever number is stored."""

    def decide(product: Product) -> Mapping[str, Any]:
        rules.check_stock("counted", counted, product.stock)
        return {"stock": counted}

    return decide


def correcting(
    delta: Decimal | None,
    counted: Decimal,
    last_count: str,
    rules: StockRules,
    names: AttributeNames,
) -> Plan:
    """Add what a count differed from the booked stock, however much was sold since.

    `delta` is None if no number was booked: then the stock becomes `counted`. `last_count` is the
    time of the product's last recorded count when it was counted; a later count has corrected the
    stock already, so a second correction would be wrong.

    The plan raises what `adjusting` raises, and:
        CountedMeanwhile: another count was recorded since, or a number is booked now.

    """
    adjust = planned(counting(counted, rules) if delta is None else adjusting(delta, rules), names)

    def plan(item: Item) -> Values | None:
        metadata = metadata_of(item, names)
        if metadata is not None and (metadata.counted_at or "") != last_count:
            raise CountedMeanwhile(
                f"Another count of this product was recorded at {metadata.counted_at}. Count it "
                "again, or remove the line."
            )
        if delta is None and stock(item, names) is not None:
            raise CountedMeanwhile("Somebody has set the stock since. Count the product again.")
        return adjust(item)

    return plan


def _invalid(name: str, detail: str) -> InvalidStock:
    errors = [{"pointer": f"/{name}", "detail": detail}]
    return InvalidStock(f"{name} {detail}.", extra={"errors": errors})
