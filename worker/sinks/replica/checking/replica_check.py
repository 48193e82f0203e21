"""The replica is compared with the table and the audit, page by page, in both directions.

What differs is looked at again for some seconds: a change may be on its way.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select

from app.core.errors import StoreUnavailable
from app.core.item import Item
from app.core.keys import NotAnID
from app.runtime.in_parts import parts
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.reads import get_rows
from worker.consumers.sink import Unavailable
from worker.sinks.replica.checking.checked_events import CheckedEvents
from worker.sinks.replica.checking.row_differences import row_difference
from worker.sinks.replica.replica_rows import Keeps, Row, product_row
from worker.sinks.replica.replica_state import ReplicaState
from worker.sinks.shaping import Projection

K = TypeVar("K")

PAGE = 500  # products that are compared at a time
HELD = 1_000  # differences that are looked at again at a time
LOOKS = 2


class ReplicaCheck:
    """Compares the whole replica; nothing is written."""

    def __init__(
        self,
        deployment: Deployment,
        state: ReplicaState,
        projection: Projection,
        keeps: Keeps,
        pause: float = 1.0,
    ) -> None:
        """`pause`: seconds before what differs is looked at again."""
        self._client = deployment.clients.tables
        self._table, self._names = deployment.tables.products, deployment.names
        self._state = state
        self._products = state.tables.products
        self._projection = projection
        self._events = CheckedEvents(deployment, state, projection, keeps)
        self._pause = pause

    def run(self) -> Iterator[str]:
        """A sentence for each difference, and "" for each page without one; see `Sink.check`.

        Raises:
            Unavailable: the database or the tables cannot be read.

        """
        try:
            for products in (self._forth(), self._back()):
                yield from settled(products, self._again, self._pause)
            for events in self._events.run():
                yield from settled(events, self._events.again, self._pause)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error

    def _forth(self) -> Iterator[dict[str, str]]:
        """The differences of the products that the table has, page by page."""
        items = get_rows(self._client, "scan", self._table)
        for page in parts(filter(self._names.is_product, items), PAGE):
            yield self._compared({self._names.key.id_of(item): item for item in page})

    def _back(self) -> Iterator[dict[str, str]]:
        """The products that only the replica has, page by page."""
        column, last = self._products.c.product_id, ""
        while True:
            page = self._live(column > last, select(column).order_by(column).limit(PAGE))
            if not page:
                return
            last = page[-1]["product_id"]
            ids = [row["product_id"] for row in page]
            present = self._items(ids)
            yield self._compared({one: None for one in ids if one not in present})

    def _again(self, product_ids: Collection[str]) -> dict[str, str]:
        items = self._items(product_ids)
        return self._compared({one: items.get(one) for one in product_ids})

    def _compared(self, items: dict[str, Item | None]) -> dict[str, str]:
        """How the rows of products differ from their items (None: there is none), by product id."""
        ids = self._products.c.product_id.in_(list(items))
        rows = {row["product_id"]: row for row in self._live(ids, select(self._products))}
        found = {}
        for one, item in items.items():
            known = None if item is None else product_row(item, self._names, self._projection)
            difference = row_difference(f"Product {one}", known, rows.get(one))
            if difference is not None:
                found[one] = difference
        return found

    def _live(self, which: ColumnElement[bool], query: Select[Any]) -> list[Row]:
        query = query.where(which, self._products.c.deleted_at.is_(None))
        with self._state.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _items(self, product_ids: Iterable[str]) -> dict[str, Item]:
        keys = []
        for product_id in product_ids:
            with suppress(NotAnID):  # somebody added the row
                keys.append(self._names.key.key_of(product_id))
        found = get_all(self._client, self._table, keys)
        return {self._names.key.id_of(item): item for item in found if self._names.is_product(item)}


def settled(
    pages: Iterable[dict[K, str]],
    again: Callable[[Collection[K]], dict[K, str]],
    pause: float,
) -> Iterator[str]:
    """The sentences of the differences that remain when they are looked at again; "" for a page."""
    held: dict[K, str] = {}

    def remaining() -> Iterator[str]:
        left = dict(held)
        held.clear()
        for _ in range(LOOKS):
            if left:
                time.sleep(pause)
                left = again(list(left))
        yield from left.values()

    for page in pages:
        yield ""
        held |= page
        if len(held) >= HELD:
            yield from remaining()
    yield from remaining()
