"""What an event is found by: a term for each of its qualifiers, and the words of its texts. Pure.

A term is a letter for the qualifier and a hash of the value, so that the full-text index takes any
value as one word. Sizes of stock changes have terms too: one for each size below 16, and eight for
each doubling above.
"""

import math
from collections.abc import Iterator
from hashlib import blake2b
from typing import Literal

from app.core.events import ChangeEvent
from app.readmodel.products.product_row import folded, spaced

Qualifier = Literal["kind", "product", "actor", "reason", "category", "reference", "request"]

# Each event has this term, so that a query of nothing but negations has something to subtract from.
EVERY = "every"

_LETTER: dict[Qualifier, str] = {
    "kind": "k",
    "product": "p",
    "actor": "a",
    "reason": "r",
    "category": "c",
    "reference": "f",
    "request": "q",
}
_EXACT = 16  # units: up to here, each size has a term of its own
_STEPS = 8  # terms for each doubling above
LARGEST = _EXACT + 60 * _STEPS


def term(qualifier: Qualifier, value: str) -> str:
    """The term of a qualifier's value, which is compared exactly."""
    data = value.encode(errors="surrogatepass")
    return _LETTER[qualifier] + blake2b(data, digest_size=8).hexdigest()


def size_class(size: float) -> int:
    """The number of the class of a size in units, rising with the size, up to `LARGEST`."""
    if size < _EXACT:
        return math.floor(size)
    return min(LARGEST, _EXACT + math.floor(_STEPS * math.log2(size / _EXACT)))


def size_term(number: int) -> str:
    """The term of a class of sizes."""
    return f"z{number}"


def terms_of(event: ChangeEvent) -> str:
    """The event's terms, as a text for the index."""
    return " ".join(_terms(event))


def words_of(event: ChangeEvent) -> str:
    """The event's texts without case and accents, as words for the index."""
    texts = (
        event.product_name,
        event.product_id,
        event.category,
        event.note,
        event.reference,
        event.reason,
        event.actor,
    )
    return spaced(folded("\n".join(text for text in texts if text)))


def _terms(event: ChangeEvent) -> Iterator[str]:
    yield EVERY
    yield term("kind", event.kind)
    yield term("product", event.product_id)
    values: tuple[tuple[Qualifier, str | None], ...] = (
        ("actor", event.actor),
        ("reason", event.reason),
        ("category", event.category),
        ("reference", event.reference),
        ("request", event.request_id),
    )
    for qualifier, value in values:
        if value is not None:
            yield term(qualifier, value)
    if (size := size_of(event)) is not None:
        yield size_term(size_class(size))


def size_of(event: ChangeEvent) -> float | None:
    """How many units of stock were added or removed; None without a change of stock."""
    return None if event.delta is None else abs(float(event.delta))
