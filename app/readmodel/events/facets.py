"""How many of a query's events have each value of a qualifier; a count is capped as a total is.

A qualifier's values are counted without the query's own conditions on it, because they are
alternatives to these. Which actors and categories there are is read from the newest events only.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from app.readmodel.events.event_lists import GREATEST, Numbers, rows_of, total_of
from app.readmodel.events.event_query import EventQuery, Term
from app.readmodel.events.event_row import actor_and_category
from app.readmodel.events.event_terms import Qualifier
from app.readmodel.events.qualifiers import VALUES
from app.readmodel.products.product_lists import Total

GROUPS: tuple[Qualifier, ...] = ("kind", "reason", "actor", "category")

_NEWEST = 1_000  # events from which the values of actor and category are taken
_MOST = 8  # of these values
_SECONDS = 0.3  # after which no further value is counted; one takes up to 0.1 s in a million events

_ALL = Numbers(0, GREATEST)


@dataclass(frozen=True, slots=True)
class Facet:
    """A qualifier's values, the most frequent first; None: there was no time to count the value.

    A value without events is left out, unless the query names it.
    """

    qualifier: Qualifier
    values: list[tuple[str, Total | None]]


def facets_of(
    connection: sqlite3.Connection,
    query: EventQuery,
    clock: Callable[[], float] = time.monotonic,
) -> list[Facet]:
    """The values of each of `GROUPS`.

    Raises:
        sqlite3.Error: the copy cannot be read.

    """
    newest: dict[EventQuery, list[tuple[str | None, str | None]]] = {}
    groups = []
    for qualifier in GROUPS:
        others = replace(query, terms=tuple(t for t in query.terms if t.qualifier != qualifier))
        seen = dict.fromkeys(VALUES.get(qualifier, ()), 0)
        if not seen:
            if others not in newest:
                newest[others] = _newest(connection, others)
            seen = _frequent(pair[qualifier == "category"] for pair in newest[others])
        groups.append((qualifier, others, seen))
    end = clock() + _SECONDS  # reading the newest takes as long, on a slow machine
    found = []
    for qualifier, others, seen in groups:
        named = [v for t in query.terms if t.qualifier == qualifier for v in t.values]
        values: list[tuple[str, Total | None]] = []
        for value in dict.fromkeys([*named, *seen]):
            if clock() < end:
                one = others & EventQuery(terms=(Term(qualifier, (value,)),))
                total: Total | None = total_of(connection, one, _ALL, "capped")
            else:
                total = Total(seen[value], exact=False) if seen.get(value) else None
            if value in named or total is None or total.count:
                values.append((value, total))
        values.sort(key=lambda pair: -pair[1].count if pair[1] else 1)
        found.append(Facet(qualifier, values))
    return found


def _newest(
    connection: sqlite3.Connection, query: EventQuery
) -> list[tuple[str | None, str | None]]:
    """The actor and category of each of the newest events."""
    rows = islice(rows_of(connection, query, _ALL, "newest"), _NEWEST)
    return [actor_and_category(data) for *_, data in rows]


def _frequent(values: Iterable[str | None]) -> dict[str, int]:
    """The most frequent values, each with how many events have it."""
    return dict(Counter(value for value in values if value is not None).most_common(_MOST))
