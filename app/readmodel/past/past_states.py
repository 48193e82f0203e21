"""A product's past state is what its last event up to that time left; it is never guessed.

The same rules as for a single product (`app.store.audit.as_of`), from the copy's events: a history
has the order of its event keys, and void entries do not count.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.events import ChangeEvent
from app.core.item import Item, digest
from app.readmodel.events.event_row import decoded, images
from app.readmodel.past.descriptions import COLUMNS, NO_PRODUCT, DescribedRow
from app.store.audit.chain import Link, void_keys

_BESIDE = 50  # events on each side of a `reconciled` one that can make it void

_UP_TO = "event_key <= ? ORDER BY event_key DESC"
_AFTER = "event_key > ? ORDER BY event_key"

# All of it comes from the index of events, without reading one. Gaps of whole shards are no
# product's events; their ids begin with a character below all others.
_LAST_OF_EACH = f"""
SELECT product_id, last, stock, updated, description, {COLUMNS} FROM (
    SELECT product_id, max(event_key), number AS last, stock, updated, description FROM events
    WHERE product_id >= char(1) AND occurred_at <= ? GROUP BY product_id
) LEFT JOIN descriptions ON number = description
"""  # noqa: S608 - constants
# A product's first event tells: it is later, and no insert. Products that were deleted before their
# events expired are not counted.
_UNKNOWN = """
SELECT id, first FROM (
    SELECT id, deleted, (
        SELECT occurred_at FROM events WHERE product_id = products.id ORDER BY event_key LIMIT 1
    ) AS first FROM products
) WHERE first IS NULL AND NOT deleted OR first > ? AND 'inserted' IS NOT (
    SELECT kind FROM events WHERE product_id = id ORDER BY event_key LIMIT 1
)
"""


@dataclass(frozen=True, slots=True)
class PastState:
    """A product's item at a time, or as it was last if it had been deleted.

    `item` is None if that is not known: it was not stored, or the history begins later.
    """

    item: Item | None
    deleted: bool = False


def past_state(connection: sqlite3.Connection, row_id: str, ms: int) -> PastState | None:
    """A product's state at a time (ms since 1970); None if there was no such product yet.

    Without any event the state is unknown: the events have expired.
    """
    last = _last(connection, row_id, ms)
    if last is None:
        oldest = next(_events(connection, row_id, _AFTER, "", 1), None)
        is_new = oldest is not None and (oldest.kind == "inserted" or oldest.event_name == "INSERT")
        return None if is_new else PastState(None)
    if _link_of(last).leaves_nothing and not last.images_omitted:
        return PastState(last.before, deleted=True)
    return PastState(last.after)


def past_states(
    connection: sqlite3.Connection, ms: int, *, deleted: bool
) -> Iterator[tuple[str, PastState | DescribedRow]]:
    """The states of all products with an event up to a time, by the product's row id.

    Without `deleted`, those that had been deleted may be missing; with it, those that had not.
    """
    for row_id, last, stock, updated, number, *values in connection.execute(_LAST_OF_EACH, (ms,)):
        if number is not None:
            if number != NO_PRODUCT and not deleted:
                yield row_id, DescribedRow(row_id, stock, updated, values)
            continue
        kind, data = connection.execute(
            "SELECT kind, event FROM events WHERE number = ?", (last,)
        ).fetchone()
        before, after = images(data)
        if kind in {"deleted", "expired"}:
            if deleted:
                yield row_id, PastState(before, deleted=True)
        elif kind != "reconciled" and after is not None:
            yield row_id, PastState(after)
        elif (state := past_state(connection, row_id, ms)) is not None:
            yield row_id, state


def unknown_before(connection: sqlite3.Connection, ms: int) -> int:
    """How many products without an event up to a time existed then, in an unknown state."""
    return sum(
        first is None or past_state(connection, row_id, ms) == PastState(None)
        for row_id, first in connection.execute(_UNKNOWN, (ms,))
    )


def _last(connection: sqlite3.Connection, row_id: str, ms: int) -> ChangeEvent | None:
    """The last event up to a time that is not void."""
    rows = connection.execute(
        "SELECT kind, event_key, event FROM events WHERE product_id = ? AND occurred_at <= ? "
        "ORDER BY event_key DESC",
        (row_id, ms),
    )
    for kind, key, data in rows:
        if kind != "reconciled" or not _is_void(connection, row_id, key):
            return decoded(data)
    return None


def _is_void(connection: sqlite3.Connection, row_id: str, key: str) -> bool:
    """Whether a `reconciled` event is void; events beside it decide that."""
    older = _through_first_other(_events(connection, row_id, _UP_TO, key, _BESIDE))
    newer = _through_first_other(_events(connection, row_id, _AFTER, key, _BESIDE))
    return key in void_keys([*reversed(list(older)), *newer])


def _events(
    connection: sqlite3.Connection, row_id: str, where: str, key: str, most: int
) -> Iterator[ChangeEvent]:
    rows = connection.execute(
        f"SELECT event FROM events WHERE product_id = ? AND {where} LIMIT ?",  # noqa: S608 - constants
        (row_id, key, most),
    )
    return (decoded(data) for (data,) in rows)


def _through_first_other(events: Iterator[ChangeEvent]) -> Iterator[Link]:
    """Links up to and including the first that is not `reconciled`; those beyond have no effect."""
    for event in events:
        yield _link_of(event)
        if event.kind != "reconciled":
            return


def _link_of(event: ChangeEvent) -> Link:
    before, after = event.product_before, event.product_after
    return Link(
        key=event.event_key,
        kind=event.kind,
        event_name=event.event_name,
        view_type=event.view_type,
        before=None if before is None else digest(before),
        after=None if after is None else digest(after),
        occurred_at=event.occurred_at,
        request_id=event.request_id,
    )
