"""A list of the products at a time checks each product, unless it is in the order of ids.

It is computed in one pass that keeps only the page's products in memory. Such passes are made one
at a time, and few requests wait for theirs: each holds a thread that other requests need.
"""

import heapq
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

from app.core.errors import StockpulseError
from app.core.item import AttributeNames, Item
from app.core.keys import NotAnID
from app.readmodel.database import Database
from app.readmodel.past.descriptions import DescribedRow
from app.readmodel.past.past_filter import PastFilter
from app.readmodel.past.past_states import PastState, past_state, past_states
from app.readmodel.products.product_lists import CAPPED, ProductPage, Total, Totals
from app.readmodel.products.product_query import Place, ProductQuery, decode_place, encode_place
from app.readmodel.products.product_row import ProductRow
from app.store.dynamodb.paging import PageRoom, value_size
from app.store.products.model import Product, product_of

_WAIT = 5.0  # seconds for the lists of other requests
_WAITING = 4  # requests that wait
_CHECKED = 2_000  # products beyond a page that are checked without waiting for other lists
_LAST_CHECKED = "SELECT id FROM products WHERE id {} ? ORDER BY id {} LIMIT 1 OFFSET ?"
_EPOCH = datetime.fromtimestamp(0, UTC)


class PastListsBusy(StockpulseError):
    """Too many requests want the products of the past at the same time."""

    status = 503
    code = "past-lists-busy"
    title = "Lists of the past are being computed for others"


class PastLists:
    """Answers list queries as of a time."""

    def __init__(self, database: Database, names: AttributeNames) -> None:
        self._database = database
        self._names = names
        self._turn = threading.Lock()
        self._queue = threading.BoundedSemaphore(1 + _WAITING)

    def page(
        self,
        query: ProductQuery,
        moment: datetime,
        limit: int,
        cursor: str | None = None,
        totals: Totals = "none",
    ) -> ProductPage:
        """Up to `limit` products after the cursor, fewer if they are large (`PageRoom`).

        Raises:
            InvalidCursor: no page of a list in this order returned the cursor.
            PastListsBusy: too many others wait for their lists, or it had to wait for too long.
            sqlite3.Error: the copy cannot be read.

        """
        after = None if cursor is None else decode_place(query, cursor)
        ends_with_page = query.sort == "id" and totals == "none"
        if ends_with_page:
            with self._database.reading() as connection:
                short_pass = _Pass(connection, self._names, query, moment)
                places = short_pass.first_by_id(limit + 1, after)
                if places is not None:
                    return short_pass.page(places, None, limit)
        with self._its_turn(), self._database.reading() as connection:
            one_pass = _Pass(connection, self._names, query, moment)
            if ends_with_page:
                return one_pass.page(one_pass.by_id(limit + 1, after), None, limit)
            return one_pass.page(*one_pass.places(limit + 1, after, totals), limit)

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise _busy()
        try:
            if not self._turn.acquire(timeout=_WAIT):
                raise _busy()
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._queue.release()


class _Pass:
    """One pass over the products."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        names: AttributeNames,
        query: ProductQuery,
        moment: datetime,
    ) -> None:
        self.unknown = 0
        self._connection = connection
        self._names = names
        self._query = query
        self._filter = PastFilter(query)
        self._ms = (moment - _EPOCH) // timedelta(milliseconds=1)

    def first_by_id(self, most: int, after: Place | None) -> list[Place] | None:
        """The next places in the order of ids; None if too many products have to be checked."""
        sign, order = ("<", "DESC") if self._query.descending else (">", "ASC")
        start = ("\U0010ffff" if self._query.descending else "") if after is None else after[1]
        last = self._connection.execute(
            _LAST_CHECKED.format(sign, order), (start, most + _CHECKED - 1)
        ).fetchone()
        places = self.by_id(most, after, None if last is None else last[0])
        return places if len(places) == most or last is None else None

    def by_id(self, most: int, after: Place | None, through: str | None = None) -> list[Place]:
        """The next places in the order of ids, through the product with the row id `through`."""
        states = past_states(
            self._connection,
            self._ms,
            deleted=self._query.deleted,
            descending=self._query.descending,
            after=None if after is None else after[1],
            through=through,
        )
        return list(islice(self._admitted(states), most))

    def places(
        self, most: int, after: Place | None, totals: Totals
    ) -> tuple[list[Place], Total | None]:
        """The list's next places after one, up to `most`, and how many products it has."""
        descending = self._query.descending
        counted = 0

        def later() -> Iterator[Place]:
            nonlocal counted
            states = past_states(self._connection, self._ms, deleted=self._query.deleted)
            for place in self._admitted(states):
                counted += 1
                if after is None or (place < after if descending else place > after):
                    yield place

        places = (heapq.nlargest if descending else heapq.nsmallest)(most, later())
        if totals == "none":
            return places, None
        exact = totals == "exact" or counted <= CAPPED
        return places, Total(counted if exact else CAPPED, exact)

    def page(self, places: list[Place], total: Total | None, limit: int) -> ProductPage:
        """The page with these places, the last of which is beyond it if there are that many."""
        room = PageRoom(limit)
        items: list[Product] = []
        while len(items) < len(places) and not room.full:
            item = self._item(places[len(items)][1])
            items.append(product_of(item, self._names))
            room.take(value_size(item))
        more = len(items) < len(places)
        following = encode_place(self._query, places[len(items) - 1]) if more else None
        return ProductPage(items, following, total, self.unknown)

    def _item(self, row_id: str) -> Item:
        """The item of a product that has a place."""
        state = past_state(self._connection, row_id, self._ms)
        assert state is not None and state.item is not None  # noqa: S101, PT018 - it has a place
        return state.item

    def _admitted(self, states: Iterable[PastState | DescribedRow | None]) -> Iterator[Place]:
        """The places of the list's products, as their states come."""
        for state in states:
            if isinstance(state, DescribedRow):
                if self._filter.admits(state):
                    yield self._filter.place(state)
                continue
            if state is None or (state.deleted and not self._query.deleted):
                continue
            if state.item is None:
                self.unknown += 1
            elif state.deleted == self._query.deleted and self._names.is_product(state.item):
                row = ProductRow(state.item, self._names)
                try:
                    if self._filter.admits(row):
                        yield self._filter.place(row)
                except NotAnID:  # from before the table got another key
                    self.unknown += 1


def _busy() -> PastListsBusy:
    return PastListsBusy(
        "Lists with `as_of` are computed one at a time, and others wait already. Try again in a "
        "moment.",
        headers={"Retry-After": "5"},
    )
