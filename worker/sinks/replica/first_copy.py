"""The first copy scans the products table while the sink already follows the timeline.

It saves its place in the same transaction as each page, so another worker goes on there. A row that
an event has set is never overwritten by the scan.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from app.core.item import canonical, from_canonical
from app.store.deployment import Deployment
from app.store.dynamodb.client import translated
from worker.sinks.replica.refusals import Refused
from worker.sinks.replica.replica_rows import Row, product_row
from worker.sinks.replica.replica_state import ReplicaState
from worker.sinks.replica.replica_writes import ReplicaWrites
from worker.sinks.shaping import Projection

_log = logging.getLogger(__name__)

PAGE = 250  # items
DONE = "done"
LOOK = 5.0  # seconds between looks at a replica that is complete: somebody may have emptied it


class FirstCopy:
    """Copies the products that the table has."""

    def __init__(
        self,
        deployment: Deployment,
        state: ReplicaState,
        writes: ReplicaWrites,
        projection: Projection,
    ) -> None:
        self._client = deployment.clients.tables
        self._table = deployment.tables.products
        self._names = deployment.names
        self._state = state
        self._writes = writes
        self._projection = projection

    def advance(self) -> float:
        """Copy the next page, if there is one; returns the seconds until the next call.

        Raises:
            StoreUnavailable, StoreRefused, Unavailable: call it again.

        """
        began = time.monotonic()
        with self._state.writing() as (_, place):
            pass
        if place == DONE:
            return LOOK
        start: Any = {} if place is None else {"ExclusiveStartKey": from_canonical(place.encode())}
        with translated():
            answer: Any = self._client.scan(
                TableName=self._table, ConsistentRead=True, Limit=PAGE, **start
            )
        last = answer.get("LastEvaluatedKey")
        rows = [row for item in answer["Items"] if (row := self._row(item)) is not None]
        self._write(rows, place, DONE if last is None else canonical(last).decode())
        if last is None:
            _log.info("%s has all products", self._state.shown)
        return time.monotonic() - began  # so that events are applied as well

    def _row(self, item: Any) -> Row | None:
        names = self._names
        return product_row(item, names, self._projection) if names.is_product(item) else None

    def _write(self, rows: Sequence[Row], place: str | None, after: str | None) -> None:
        """Write a page and the place after it; `after` is None for a part of it.

        A product that the database can never take is left out, and logged: `check` names it.
        """
        try:
            with self._state.writing() as (connection, saved):
                if saved != place:  # another worker was faster, or the tables are new
                    return
                self._writes.put(connection, rows)
                if after is not None:
                    self._state.save_scan(connection, after)
        except Refused as refused:
            if len(rows) > 1:
                middle = len(rows) // 2
                self._write(rows[:middle], place, None)
                self._write(rows[middle:], place, None)
            else:
                product = rows[0]["product_id"]
                _log.warning("%s cannot hold product %r: %s", self._state.shown, product, refused)
            if after is not None:
                self._write([], place, after)
