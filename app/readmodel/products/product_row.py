"""A product's row has the keys that lists sort, filter and search by, and the item itself. Pure."""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from app.core.item import AttributeNames, Item, canonical
from app.readmodel.schema import NO_NUMBER
from app.store.products.model import product_of


@dataclass(frozen=True, slots=True)
class ProductRow:
    """The columns of `products` that an item determines, and the texts of its search indexes."""

    id: str
    low: bool
    name: str
    category: str
    category_key: str
    stock: float
    price: float
    reorder_point: float
    updated_at: str
    words: str
    codes: str
    tags: tuple[str, ...]
    item: bytes


def row_of(item: Item, names: AttributeNames) -> ProductRow:
    """The row of a product's item."""
    product = product_of(item, names)
    category = storable(product.category or "")
    codes = "\n".join(folded(code) for code in (product.product_id, product.barcode or ""))
    texts = (product.name or "", category, *product.tags)
    return ProductRow(
        id=storable(product.product_id),
        low=product.is_low,
        name=folded(product.name or ""),
        category=category,
        category_key=folded(category),
        stock=_key(product.stock),
        price=_key(product.price),
        reorder_point=_key(product.reorder_point),
        updated_at=storable(product.updated_at or ""),
        words=spaced(" ".join((codes, *map(folded, texts)))),
        codes=codes,
        tags=tuple(sorted({storable(tag) for tag in product.tags})),
        item=canonical(item),
    )


def folded(text: str) -> str:
    """The text without case and accents, as it is searched and sorted."""
    # Twice: compatibility letters such as a bold R become capitals only now.
    lower = unicodedata.normalize("NFKD", storable(text)).casefold()
    decomposed = unicodedata.normalize("NFKD", lower)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def spaced(text: str) -> str:
    """A folded text as its words, each after one space, as SQLite's full-text index has them."""
    letters = (letter if unicodedata.category(letter)[0] in "LN" else " " for letter in text)
    return "".join(f" {word}" for word in "".join(letters).split())


def storable(text: str) -> str:
    """The text, or for one with lone surrogates, which SQLite cannot store, a text in its place."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\ufffd" + text.encode(errors="backslashreplace").decode()
    return text


def _key(number: Decimal | None) -> float:
    return NO_NUMBER if number is None else float(number)
