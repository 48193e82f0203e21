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

# Products that may have existed before their events: not those whose first event is an insert, and
# not those that were deleted before their events expired. This lets SQLite skip most products early
# in a history.
_MAY_BE_OLDER = """(
    (NOT deleted OR EXISTS (SELECT 1 FROM events WHERE product_id = products.id))
    AND 'inserted' IS NOT (
        SELECT kind FROM events WHERE product_id = products.id ORDER BY event_key LIMIT 1
    )
)"""

_DESCRIBED = ", ".join(f"descriptions.{column}" for column in COLUMNS)
# All of a described event comes from the index of events, without reading it.
_LAST_OF_EACH = f"""
SELECT id, last.number, last.stock, updated, description, {_DESCRIBED}
FROM products
LEFT JOIN events AS last ON product_id = id AND last.event_key = (
    SELECT max(event_key) FROM events WHERE product_id = products.id AND occurred_at <= ?
)
LEFT JOIN descriptions ON descriptions.number = description
WHERE (last.number IS NOT NULL OR {_MAY_BE_OLDER})
"""  # noqa: S608 - constants


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
    connection: sqlite3.Connection,
    ms: int,
    *,
    deleted: bool,
    descending: bool = False,
    after: str | None = None,
    through: str | None = None,
) -> Iterator[PastState | DescribedRow | None]:
    """The states of all products that there may have been at a time, in the order of their row ids.

    Only those after the row id `after` and up to `through`, if given. None stands for what was no
    product then; without `deleted`, it may stand for a product that had been deleted, and with it,
    for one that had not.
    """
    sign, order = ("<", "DESC") if descending else (">", "ASC")
    where = ""
    values: list[int | str] = [ms]
    for row_id, compared in ((after, sign), (through, f"{sign}=")):
        if row_id is not None:
            where, values = f"{where} AND id {compared} ?", [*values, row_id]
    rows = connection.execute(f"{_LAST_OF_EACH} {where} ORDER BY id {order}", values)
    for row_id, last, stock, updated, number, *columns in rows:
        if number is not None:
            is_listed = number != NO_PRODUCT and not deleted
            yield DescribedRow(row_id, stock, updated, columns) if is_listed else None
        elif last is None:
            yield past_state(connection, row_id, ms)
        else:
            yield _state_after(connection, row_id, ms, last, deleted=deleted)


def _state_after(
    connection: sqlite3.Connection, row_id: str, ms: int, number: int, *, deleted: bool
) -> PastState | None:
    """The state after a product's last event up to a time, as in `past_states`."""
    kind, data = connection.execute(
        "SELECT kind, event FROM events WHERE number = ?", (number,)
    ).fetchone()
    is_deleted = kind in {"deleted", "expired"}
    if is_deleted and not deleted:
        return None
    before, after = images(data)
    if is_deleted:
        return PastState(before, deleted=True)
    if kind != "reconciled" and after is not None:
        return PastState(after)
    return past_state(connection, row_id, ms)


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
