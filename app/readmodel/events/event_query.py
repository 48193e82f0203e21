"""A query of events becomes expressions of the index, with values as quoted words. Pure.

Words and terms are one text of the index, so that a query is one expression. What the index knows
only roughly is checked in the rows: the sizes at the edges of a range, and the times of events that
arrived in an hour of which not all events are in the range.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.readmodel.events.event_terms import (
    EVERY,
    LARGEST,
    Qualifier,
    class_terms,
    size_class,
    start_term,
    term,
)
from app.readmodel.products.product_row import folded, spaced

Order = Literal["newest", "oldest"]
Range = tuple[float, float]  # from the first, below the second


@dataclass(frozen=True, slots=True)
class Term:
    """Events whose qualifier has one of these values; if `negated`, all others."""

    qualifier: Qualifier
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Events with these words one after the other; if `is_start`, the last may go on."""

    text: str
    is_start: bool = True
    negated: bool = False

    @property
    def words(self) -> list[str]:
        """The words as the index has them; empty for a text without letters and digits."""
        return spaced(folded(self.text)).split()


@dataclass(frozen=True, slots=True)
class Span:
    """Values from `least` on and below `below`; if `negated`, all others."""

    least: float = -math.inf
    below: float = math.inf
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events to list: those that meet all conditions.

    `created`: when they happened, in ms. `sizes`: how many units of stock were added or removed.
    """

    terms: tuple[Term, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    created: tuple[Span, ...] = ()
    sizes: tuple[Span, ...] = ()

    def __and__(self, other: "EventQuery") -> "EventQuery":
        return EventQuery(
            terms=self.terms + other.terms,
            phrases=self.phrases + other.phrases,
            created=self.created + other.created,
            sizes=self.sizes + other.sizes,
        )

    @property
    def times(self) -> list[Range] | None:
        """The ranges of time that the events happened in; None for any time."""
        return _common(self.created, -math.inf) if self.created else None


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a query's events: those of an expression whose size is in one of the ranges.

    `sizes` is None if the expression is enough.
    """

    expression: str
    sizes: Sequence[Range] | None = None


def parts_of(query: EventQuery) -> list[Part]:
    """The query's events, whenever they happened; no event is in two parts."""
    wanted = [_any(term(one.qualifier, value) for value in one.values) for one in query.terms]
    wanted += [_phrase(phrase) for phrase in query.phrases]
    conditions: tuple[Term | Phrase, ...] = (*query.terms, *query.phrases)
    positive = [text for text, one in zip(wanted, conditions, strict=True) if not one.negated]
    negative = [text for text, one in zip(wanted, conditions, strict=True) if one.negated]
    # Words without letters and digits select nothing, and exclude nothing.
    positive, negative = list(filter(None, positive)), list(filter(None, negative))
    if not query.sizes:
        return [Part(_expression(positive, negative))]
    ranges = _common(query.sizes, 0.0)
    certain, edges = _classes(ranges)
    others = [_any(_terms_of(_complement(certain)))] if certain != _ALL else []
    parts = []
    if all(span.negated for span in query.sizes):  # so events without a size are wanted, too
        parts.append(Part(_expression(positive, [*negative, *others])))
    elif certain:
        inside, outside = _terms_of(certain), _terms_of(_complement(certain))
        if len(outside) > _FEW:
            parts.append(Part(_expression([*positive, _any(inside)], negative)))
        else:
            all_sizes = _any(_terms_of(_ALL))
            parts.append(Part(_expression([*positive, all_sizes], [*negative, *others])))
    if edges:
        both = [*positive, _any(_terms_of((edge, edge) for edge in sorted(edges)))]
        parts.append(Part(_expression(both, negative), ranges))
    return parts


_ALL = [(0, LARGEST)]
_FEW = 2  # terms: so few are excluded from all sizes rather than all others looked up


def _common(spans: Sequence[Span], least: float) -> list[Range]:
    """The ranges of values, from `least` on, that are in every span."""
    found: list[Range] = [(least, math.inf)]
    for span in spans:
        kept = [(span.least, span.below)]
        if span.negated:
            kept = [(least, span.least), (span.below, math.inf)]
        both = [(max(a, c), min(b, d)) for a, b in found for c, d in kept]
        found = sorted((a, b) for a, b in both if a < b)
    return found


def _classes(ranges: Sequence[Range]) -> tuple[list[tuple[int, int]], set[int]]:
    """The runs of classes whose sizes are all in the ranges, and classes that are at an edge."""
    certain, edges = [], set()
    for least, below in ranges:
        first, last = size_class(least), LARGEST
        begins = least <= 0 or size_class(math.nextafter(least, 0)) < first
        ends = below == math.inf
        if not ends:
            last = size_class(math.nextafter(below, 0))
            ends = size_class(below) > last
        edges |= {first} - {first if begins else -1} | {last} - {last if ends else -1}
        first, last = first + (not begins), last - (not ends)
        if first <= last:
            certain.append((first, last))
    return certain, edges


def _complement(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The runs of classes between and around these."""
    bounds = [-1, *(bound for run in runs for bound in run), LARGEST + 1]
    return [
        (last + 1, first - 1)
        for last, first in zip(bounds[::2], bounds[1::2], strict=True)
        if last + 1 < first
    ]


def _terms_of(runs: Iterable[tuple[int, int]]) -> list[str]:
    return [text for run in runs for text in class_terms(*run)]


def _expression(positive: Sequence[str], negative: Sequence[str]) -> str:
    text = " AND ".join(positive or [f'"{EVERY}"'])
    return f"({text}) NOT ({' OR '.join(negative)})" if negative else text


def _any(terms: Iterable[str]) -> str:
    text = " OR ".join(f'"{one}"' for one in terms)
    return f"({text})"


def _phrase(phrase: Phrase) -> str:
    """A phrase as an expression; words have no quotes, so no text is ever syntax."""
    words = phrase.words
    if not words:
        return ""
    if phrase.is_start and len(words) == 1 and (start := start_term(words[0])) is not None:
        return f'"{start}"'
    text = f'"{" ".join(words)}"'
    return f"{text} *" if phrase.is_start else text
