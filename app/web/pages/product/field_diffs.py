"""Two states of a product differ in fields, each shown as text: old and new. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.events import ChangeEvent
from app.core.item import Item, plain
from app.core.paths import path_of, value_at
from app.store.products.model import Product
from app.web.pages.forms import PRODUCT_FIELDS, text_of

# What a row has room for (`app.web.pages.rows`): changed fields, and characters of each value.
_IN_ROW, _SHORT = 3, 24

LABELS = {
    "name": "Name",
    "stock": "Stock",
    "category": "Category",
    "price": "Price",
    "reorder_point": "Reorder at",
    "tags": "Tags",
    "barcode": "Barcode",
    "no_reorder": "Don\N{RIGHT SINGLE QUOTATION MARK}t reorder",
    "unit": "Unit",
}


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """A field's texts before and after; None: it is not there."""

    name: str
    old: str | None
    new: str | None
    field: str = ""  # the API's name of the field; empty for an attribute of another program

    @property
    def label(self) -> str:
        """The field's name as forms have it, or the attribute's."""
        return LABELS.get(self.field, self.name)


def diffs_of(event: ChangeEvent, stock_name: str) -> list[FieldDiff]:
    """What an event changed besides the stock, as far as it shows both values."""
    if event.before is None or event.after is None:
        return []
    return [
        FieldDiff(name, _text_at(event.before, name), _text_at(event.after, name))
        for name in event.changed
        if name != stock_name
    ]


def fit_in_row(diffs: Sequence[FieldDiff], *, with_stock: bool) -> bool:
    """Whether a change's row shows all of this itself: few fields with short values."""
    few = len(diffs) + with_stock <= _IN_ROW
    return few and all(len(text or "") <= _SHORT for d in diffs for text in (d.old, d.new))


def versions_differ(then: Product, now: Product, price_decimals: int) -> list[FieldDiff]:
    """The fields in which the two differ; those of other programs last."""
    old, new = (texts_of(product, price_decimals) for product in (then, now))
    ours = [
        FieldDiff(field, old[field] or None, new[field] or None, field)
        for field in PRODUCT_FIELDS
        if old[field] != new[field] and field not in {*then.mistyped, *now.mistyped}
    ]
    names = sorted(then.attributes.keys() | now.attributes.keys())
    theirs = [
        FieldDiff(name, _text_in(then.attributes, name), _text_in(now.attributes, name))
        for name in names
        if then.attributes.get(name) != now.attributes.get(name)
        or (name in then.attributes) != (name in now.attributes)
    ]
    return ours + theirs


def texts_of(product: Product, price_decimals: int) -> dict[str, str]:
    """Each field of a product as text, by the API's name."""
    no_reorder = "yes" if product.no_reorder else ""
    return text_of(product, price_decimals) | {"no_reorder": no_reorder}


def is_restorable(field: str, then: Product) -> bool:
    """Whether a version has a value of the field that a write can set."""
    if field in then.mistyped:
        return False
    return field not in {"name", "stock"} or getattr(then, field) is not None


def text_of_value(value: Any) -> str:
    """A plain JSON value as people read it; maps and mixed lists stay JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if value and all(isinstance(member, str) for member in value):
            return ", ".join(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _text_at(image: Item, name: str) -> str | None:
    """The text of an attribute, which may lie inside maps: `inventory.qty`."""
    value = image.get(name)
    if value is None:
        try:
            value = value_at(image, path_of(name))
        except ValueError:  # another program's name, which can be no path
            return None
    return None if value is None else text_of_value(plain(value))


def _text_in(attributes: Mapping[str, Any], name: str) -> str | None:
    return text_of_value(attributes[name]) if name in attributes else None
