"""A product's row has the keys that lists sort, filter and search by, and the item itself. Pure."""

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from app.core.item import AttributeNames, Item, canonical, flag, number, stock, text
from app.core.keys import NotAnID
from app.core.metadata import metadata_of
from app.readmodel.schema import NO_NUMBER
from app.store.products.model import low_point, tags_of

_FLOAT_DIGITS = 15  # that a 64-bit floating-point number always keeps apart


class ProductRow:
    """The columns of `products` that an item determines, each computed when it is first read."""

    def __init__(self, item: Item, names: AttributeNames) -> None:
        self._item = item
        self._names = names

    @cached_property
    def id(self) -> str:
        """The id, as SQLite can store it.

        Raises:
            NotAnID: the item is from before the table got another key.

        """
        return storable(self._id)

    @cached_property
    def name(self) -> str:
        """The folded name; empty without one."""
        return folded(text(self._item, self._names.name) or "")

    @cached_property
    def category(self) -> str:
        """The category as it is; empty without one."""
        return storable(text(self._item, self._names.category) or "")

    @cached_property
    def category_key(self) -> str:
        """The folded category, by which lists sort."""
        return folded(self.category)

    @cached_property
    def unit(self) -> str:
        """The unit of the stock as it is; empty without one."""
        return storable(text(self._item, self._names.unit) or "")

    @cached_property
    def stock(self) -> float:
        """The stock; `NO_NUMBER` without one."""
        return _key(self._stock)

    @cached_property
    def price(self) -> float:
        """The price; `NO_NUMBER` without one."""
        return _key(number(self._item, self._names.price))

    @cached_property
    def reorder_point(self) -> float:
        """The reorder point; `NO_NUMBER` without one."""
        return _key(self._reorder_point)

    @cached_property
    def low(self) -> bool:
        """Whether the stock is at or below the reorder point, if that counts."""
        point = self._low_point
        return self._stock is not None and point is not None and self._stock <= point

    @property
    def low_point(self) -> float:
        """The stock at or below which the product is low; `NO_NUMBER` if there is none."""
        return _key(self._low_point)

    @property
    def is_exact(self) -> bool:
        """Whether the stock and the reorder point compare as floats as they do exactly."""
        numbers = (self._stock, self._low_point)
        return all(one is None or _is_short(one) for one in numbers)

    @cached_property
    def updated_at(self) -> str:
        """When Stockpulse last wrote the item (RFC 3339, UTC); empty if it never did."""
        metadata = metadata_of(self._item, self._names)
        return storable("" if metadata is None else metadata.updated_at or "")

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The tags, each once."""
        return tuple(sorted({storable(tag) for tag in tags_of(self._item, self._names)}))

    @cached_property
    def codes(self) -> str:
        """The texts of which `q` finds any part."""
        barcode = text(self._item, self._names.barcode) or ""
        return "\n".join(folded(code) for code in (self._id, barcode))

    @cached_property
    def words(self) -> str:
        """The words of which `q` finds the beginning."""
        tags = map(folded, tags_of(self._item, self._names))
        return spaced(" ".join((self.codes, self.name, self.category_key, *tags)))

    @property
    def item(self) -> bytes:
        """The item itself."""
        return canonical(self._item)

    @cached_property
    def _id(self) -> str:
        try:
            return self._names.key.id_of(self._item)
        except (KeyError, ValueError) as error:
            raise NotAnID(f"The item lacks a key of the table: {error}.") from error

    @cached_property
    def _stock(self) -> Decimal | None:
        return stock(self._item, self._names)

    @cached_property
    def _low_point(self) -> Decimal | None:
        no_reorder = bool(flag(self._item, self._names.no_reorder))
        return low_point(self._reorder_point, no_reorder=no_reorder)

    @cached_property
    def _reorder_point(self) -> Decimal | None:
        return number(self._item, self._names.reorder_point)


_LETTERS = 10_000  # that are kept; more than any shop's texts have


class _Letters(dict[int, str | None]):
    """What `str.translate` makes of each letter, computed when the letter is first met."""

    def __init__(self, shown: Callable[[str], str | None]) -> None:
        self._shown = shown

    def __missing__(self, letter: int) -> str | None:
        found = self._shown(chr(letter))
        if len(self) < _LETTERS:
            self[letter] = found
        return found


# A list of past products folds the texts of all of them, so both leave the loop to C.
_WITHOUT_MARKS = _Letters(lambda letter: None if unicodedata.combining(letter) else letter)
_WORD_LETTERS = _Letters(lambda letter: letter if unicodedata.category(letter)[0] in "LN" else " ")


def folded(text: str) -> str:
    """The text without case and accents, as it is searched and sorted."""
    if text.isascii():
        return text.lower()
    # Twice: compatibility letters such as a bold R become capitals only now.
    lower = unicodedata.normalize("NFKD", storable(text)).casefold()
    return unicodedata.normalize("NFKD", lower).translate(_WITHOUT_MARKS)


def spaced(text: str) -> str:
    """A folded text as its words, each after one space, as SQLite's full-text index has them."""
    words = text.translate(_WORD_LETTERS).split()
    return " " + " ".join(words) if words else ""


def storable(text: str) -> str:
    """The text, or for one with lone surrogates, which SQLite cannot store, a text in its place."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\ufffd" + text.encode(errors="backslashreplace").decode()
    return text


def _is_short(number: Decimal) -> bool:
    """Whether no other number with as few digits is the same float."""
    return len(number.as_tuple().digits) <= _FLOAT_DIGITS


def _key(number: Decimal | None) -> float:
    return NO_NUMBER if number is None else float(number)
