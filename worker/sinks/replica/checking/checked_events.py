"""The events of the replica are compared with those of the audit.

The first event in the order of arrival that the replica has is its beginning: nothing before it was
delivered, or somebody has deleted old events, which is allowed.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from sqlalchemy import select, tuple_

from app.runtime.in_parts import parts
from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import Deployment
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import EventRef, Feed
from worker.sinks.replica.checking.row_differences import row_difference
from worker.sinks.replica.replica_rows import Keeps, Row, event_row, is_kept
from worker.sinks.replica.replica_state import ReplicaState
from worker.sinks.shaping import Projection

PAGE = 250  # events that are compared at a time


class CheckedEvents:
    """Compares events; nothing is written."""

    def __init__(
        self,
        deployment: Deployment,
        state: ReplicaState,
        projection: Projection,
        keeps: Keeps,
    ) -> None:
        client, tables, signer = deployment.clients.tables, deployment.tables, deployment.signer
        self._feed = Feed(client, tables.feed, signer.retention)
        self._audit = AuditRepository(
            client, tables.audit, self._feed, signer, CursorClock(0).stamp
        )
        self._retention = signer.retention
        self._state = state
        self._rows = state.tables.events
        self._projection = projection
        self._is_kept = is_kept(keeps)

    def run(self) -> tuple[Iterator[dict[EventRef, str]], ...]:
        """The differences of the audit's events, and of the replica's, page by page."""
        return self._forth(), self._back()

    def again(self, refs: Collection[EventRef]) -> dict[EventRef, str]:
        """The differences that are left of these events."""
        return self._compared(list(refs), self._found(list(refs)))

    def _forth(self) -> Iterator[dict[EventRef, str]]:
        begun = False
        for page in parts(self._feed.since(0), PAGE):
            refs = list(dict.fromkeys(arrival.ref for arrival in page))
            rows = self._found(refs)
            if not begun:
                first = next((n for n, ref in enumerate(refs) if ref in rows), len(refs))
                refs, begun = refs[first:], first < len(refs)
            yield self._compared(refs, rows)

    def _back(self) -> Iterator[dict[EventRef, str]]:
        """The events that only the replica has, except those that the audit no longer keeps."""
        product, key = self._rows.c.product_id, self._rows.c.event_key
        last = ("", "")
        while True:
            query = select(product, key, self._rows.c.occurred_at).order_by(product, key)
            with self._state.reading() as connection:
                page = connection.execute(
                    query.where(tuple_(product, key) > tuple_(*last)).limit(PAGE)
                ).all()
            if not page:
                return
            last = (page[-1].product_id, page[-1].event_key)
            refs = [
                (row.product_id, row.event_key) for row in page if self._is_due(row.occurred_at)
            ]
            there = self._audit.get_many(refs)
            yield {
                ref: f"{_named(ref)} is only in the replica." for ref in refs if ref not in there
            }

    def _is_due(self, occurred_at: datetime) -> bool:
        """Whether the audit must still have an event of that time."""
        return self._retention is None or datetime.now(UTC) - occurred_at < self._retention

    def _compared(
        self, refs: Collection[EventRef], rows: Mapping[EventRef, Row]
    ) -> dict[EventRef, str]:
        events = self._audit.get_many(list(refs))
        found = {}
        for ref in refs:
            event = events.get(ref)
            if event is not None and not self._is_kept(event):
                continue
            expected = None if event is None else event_row(self._projection.event(event))
            difference = row_difference(_named(ref), expected, rows.get(ref))
            if difference is not None and (event is not None or self._retention is None):
                found[ref] = difference
        return found

    def _found(self, refs: Collection[EventRef]) -> dict[EventRef, Row]:
        """The rows of events, by product id and event key."""
        columns = self._rows.c
        which = (
            columns.event_key.in_({key for _, key in refs}),
            columns.product_id.in_({product_id for product_id, _ in refs}),
        )
        with self._state.reading() as connection:
            rows = connection.execute(select(self._rows).where(*which)).mappings()
            return {(row["product_id"], row["event_key"]): dict(row) for row in rows}


def _named(ref: EventRef) -> str:
    return f"Event {ref[1]} of product {ref[0]}"
