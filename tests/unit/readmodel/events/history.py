"""Made-up events of all sorts, and whether one meets a query's conditions."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from app.core.events import ChangeEvent
from app.readmodel.events.event_lists import EventPage
from app.readmodel.events.event_query import EventQuery, Order, Phrase, Term
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event
from tests.unit.readmodel.kit import Copy, key

HOUR = 3_600_000  # ms
KINDS = ("stock_changed", "updated", "deleted")
ACTORS = ("anna", "till", None)
REASONS = ("sold", "damaged", None)
NOTES = ("damaged in the rain", "in damaged boxes", "Größe XL", None)
SIZES = ("0.5", "1", "1.5", "2", "63", "64", "99", "100", "101.25", "123456789012345")


def history(count: int) -> list[tuple[Cursor, ChangeEvent]]:
    """Events of all sorts, one every 20 minutes but for a night; some arrive six hours late."""
    texts = itertools.cycle(itertools.product(KINDS, ACTORS, REASONS, NOTES))
    found = []
    for number, (kind, actor, reason, note) in enumerate(itertools.islice(texts, count)):
        ms = NOON_MS + number * HOUR // 3 + (8 * HOUR if number >= 60 else 0)
        late = 6 * HOUR if number % 7 == 3 else -2000 if number % 7 == 5 else 300
        delta = Decimal(SIZES[number % len(SIZES)]) * (-1) ** (number // 2)
        sized = kind == "stock_changed"
        event = an_event(
            number,
            event_key=key(number),
            kind=kind,
            product_id=f"P{number % 5}",
            actor=actor,
            reason=reason,
            note=note,
            category=f"C{number % 3}",
            reference=f"SO-{number % 11}",
            request_id=f"r-{number}",
            stock_before=Decimal(0) if sized else None,
            stock_after=delta if sized else None,
            occurred_at=NOON + timedelta(milliseconds=ms - NOON_MS - late),
        )
        found.append((Cursor(ms, "0000abcd", number % 3), event))
    return found


HISTORY = history(150)
ANNA = EventQuery(terms=(Term("actor", ("anna",)),))
BY_ANNA = [event for _, event in HISTORY if event.actor == "anna"]


def pages(copy: Copy, query: EventQuery, limit: int, order: Order = "newest") -> list[EventPage]:
    found = [copy.event_lists.page(query, limit, order, None, "exact")]
    while (cursor := found[-1].next_cursor) is not None:
        found.append(copy.event_lists.page(query, limit, order, cursor))
    return found


def meets(event: ChangeEvent, query: EventQuery) -> bool:
    """Whether the event meets the query's conditions."""
    fields = {"product": "product_id", "request": "request_id"}
    text = " ".join(filter(None, (event.note, event.reason, event.actor, event.product_id)))
    ms = event.occurred_at.timestamp() * 1000
    size = None if event.delta is None else abs(float(event.delta))
    checks = [
        *(
            (getattr(event, fields.get(t.qualifier, t.qualifier)) in t.values, t)
            for t in query.terms
        ),
        *((has_phrase(text, phrase), phrase) for phrase in query.phrases),
        *((span.least <= ms < span.below, span) for span in query.created),
        *((size is not None and span.least <= size < span.below, span) for span in query.sizes),
    ]
    return all(met != cast("Any", one).negated for met, one in checks)


def has_phrase(text: str, phrase: Phrase) -> bool:
    words, wanted = text.lower().split(), phrase.text.lower().split()
    runs = [words[i : i + len(wanted)] for i in range(len(words) - len(wanted) + 1)]
    if phrase.is_start:
        return any(r[:-1] == wanted[:-1] and r[-1].startswith(wanted[-1]) for r in runs)
    return wanted in runs
