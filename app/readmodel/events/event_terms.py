"""What an event is found by: the words of its texts, and a term for each of its qualifiers. Pure.

All are words of one text in one index, so that SQLite intersects them. A term begins with a
character for private use, which no word has, and ends with a hash of the value, so that any value
is one word. Texts also have terms for the beginnings of their words, because SQLite would read all
that a beginning finds before the first event: up to three characters, and up to eight of words of
letters, which many events can have. What repeats from event to event is remembered.

Sizes of stock changes are in classes: below 64 units one for each whole number and one for what is
between two of them, and above eight for each doubling. An event has terms for its class, for the
four classes around it, for the 16 around these and so on, so that a range of sizes is a few terms.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from app.core.events import ChangeEvent
from app.readmodel.products.product_row import folded, spaced

Qualifier = Literal[
    "kind", "product", "actor", "reason", "category", "reference", "request", "touches", "outside"
]
FIELDS = "fields"  # value of `touches`: the event changed more of its product than the stock

_MARK = "\ue000"  # SQLite's tokenizer takes it as a letter

# Each event has this term, so that a query of nothing but negations has something to subtract from.
EVERY = f"{_MARK}e"

_LETTER: dict[Qualifier, str] = {
    "kind": "k",
    "product": "p",
    "actor": "a",
    "reason": "r",
    "category": "c",
    "reference": "f",
    "request": "q",
    "touches": "t",
    "outside": "o",
}
_START, _LONG_START = 3, 8  # characters
_REMEMBERED = 4096  # values, and as many words
_EXACT = 64  # units: up to here, each whole number has a class of its own
_STEPS = 8  # classes for each doubling above
_LEVELS = 5  # of classes, each of four of the level below
LARGEST = (1 << 2 * _LEVELS) - 1


@lru_cache(_REMEMBERED)
def term(qualifier: Qualifier, value: str) -> str:
    """The term of a qualifier's value, which is compared exactly."""
    return _MARK + _LETTER[qualifier] + _hash(value)


def start_term(start: str) -> str | None:
    """The term of texts with a word that begins with these characters; None if there is none."""
    if len(start) > (_LONG_START if start.isalpha() else _START):
        return None
    return f"{_MARK}s{start if start.isascii() else _hash(start)}"


def size_class(size: float) -> int:
    """The number of the class of a size in units, rising with the size, up to `LARGEST`."""
    if size < _EXACT:
        return 2 * math.floor(size) + (not size.is_integer())
    return min(LARGEST, 2 * _EXACT + math.floor(_STEPS * math.log2(size / _EXACT)))


def class_terms(first: int, last: int) -> list[str]:
    """The fewest terms that all sizes of these classes have, and no others."""
    terms = []
    for level in range(_LEVELS):
        while first <= last and first % 4:
            terms.append(_size_term(level, first))
            first += 1
        while first <= last and last % 4 != 3:
            terms.append(_size_term(level, last))
            last -= 1
        if first > last:
            return terms
        first, last = first // 4, last // 4
    return [*terms, _size_term(_LEVELS, 0)]


def text_of(event: ChangeEvent) -> str:
    """The event's words and terms, as a text for the index."""
    texts = (
        event.product_name,
        event.product_id,
        event.category,
        event.note,
        event.reference,
        event.reason,
        event.actor,
    )
    words = " ".join(_words(text) for text in texts if text)
    return " ".join((words, *_terms(event), *_starts_of(words)))


def size_of(event: ChangeEvent) -> float | None:
    """How many units of stock were added or removed; None without a change of stock."""
    return None if event.delta is None else abs(float(event.delta))


def _terms(event: ChangeEvent) -> Iterator[str]:
    yield EVERY
    values: tuple[tuple[Qualifier, str | None], ...] = (
        ("kind", event.kind),
        ("product", event.product_id),
        ("actor", event.actor),
        ("reason", event.reason),
        ("category", event.category),
        ("reference", event.reference),
        ("request", event.request_id),
        ("outside", "true" if event.is_outside else "false"),
        ("touches", FIELDS if len(event.changed) > (event.kind == "stock_changed") else None),
    )
    for qualifier, value in values:
        if value is not None:
            yield term(qualifier, value)
    if (size := size_of(event)) is not None:
        number = size_class(size)
        yield from (_size_term(level, number >> 2 * level) for level in range(_LEVELS + 1))


@lru_cache(_REMEMBERED)
def _words(text: str) -> str:
    return spaced(folded(text)).strip()


def _starts_of(words: str) -> Iterable[str]:
    return dict.fromkeys(start for word in words.split() for start in _starts(word))


@lru_cache(_REMEMBERED)
def _starts(word: str) -> tuple[str, ...]:
    lengths = range(1, min(len(word), _LONG_START) + 1)
    return tuple(filter(None, (start_term(word[:length]) for length in lengths)))


def _size_term(level: int, number: int) -> str:
    return f"{_MARK}z{level}x{number}"


def _hash(value: str) -> str:
    return blake2b(value.encode(errors="surrogatepass"), digest_size=8).hexdigest()
