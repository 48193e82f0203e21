"""A product's stock over time as a few steps: a long history keeps the extremes of each part."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from app.readmodel.products.product_row import storable

MOST_STEPS = 600
_KEPT = 3  # steps of each part: its least, its greatest and its last

# When the stock changed, in ms, and what it was from then on; `NO_NUMBER` without a product.
Step = tuple[int, float]

# From the last one up to the period's begin, which the index finds without reading other rows.
_STEPS = """
SELECT occurred_at, stock FROM events WHERE product_id = ?1 AND stock IS NOT NULL
AND event_key >= ifnull((
    SELECT event_key FROM events WHERE product_id = ?1 AND stock IS NOT NULL AND occurred_at <= ?2
    ORDER BY event_key DESC LIMIT 1
), '') ORDER BY event_key
"""
_FIRST = "SELECT occurred_at FROM events WHERE product_id = ? ORDER BY event_key LIMIT 1"


def stock_steps(
    connection: sqlite3.Connection, product_id: str, since: datetime, until: datetime
) -> list[Step]:
    """At most `MOST_STEPS` steps, oldest first; the first is at `since` if the stock was known.

    Raises:
        sqlite3.Error: the copy cannot be read.

    """
    begin, end = (round(moment.timestamp() * 1000) for moment in (since, until))
    steps = connection.execute(_STEPS, (storable(product_id), begin))
    return thinned(_within(steps, begin, end), begin, end)


def first_change(connection: sqlite3.Connection, product_id: str) -> datetime | None:
    """When the product's first event in the copy happened; None without events."""
    found = connection.execute(_FIRST, (storable(product_id),)).fetchone()
    return None if found is None else datetime.fromtimestamp(found[0] / 1000, UTC)


def _within(steps: Iterable[Step], begin: int, end: int) -> Iterator[Step]:
    """The steps of a period, with the last one before it moved to its begin.

    Times never fall, although a clock may have been set back.
    """
    before: float | None = None
    newest = begin
    for at, stock in steps:
        if at <= begin and newest == begin:
            before = stock
            continue
        if before is not None:
            yield begin, before
            before = None
        if at > newest:
            newest = at
        if newest <= end:
            yield newest, stock
    if before is not None:
        yield begin, before


def thinned(steps: Iterable[Step], begin: int, end: int, most: int = MOST_STEPS) -> list[Step]:
    """At most `most` steps: all, or the extremes and the last of each of equally long parts.

    The steps are in order, and within the period. They are read once, and never held all together.
    """
    first: list[Step] = []
    parts: dict[int, list[tuple[int, Step]]] = {}
    length = (end - begin) // (most // _KEPT) + 1
    for number, step in enumerate(steps):
        if number <= most:
            first.append(step)
        at, stock = step
        one = number, step
        part = (at - begin) // length
        if (kept := parts.get(part)) is None:
            parts[part] = [one, one, one]
            continue
        if stock < kept[0][1][1]:
            kept[0] = one
        if stock > kept[1][1][1]:
            kept[1] = one
        kept[2] = one
    if len(first) <= most:
        return first
    return [step for kept in parts.values() for _, step in sorted(set(kept))]
