"""The read model of one web process: the copy, the threads that keep it, and the lists from it."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.item import Item
from app.readmodel.changes import Changes
from app.readmodel.copy_state import CopyState, Filling, filling
from app.readmodel.database import Database
from app.readmodel.events.event_fill import EventFill
from app.readmodel.events.event_lists import EventLists, EventPage
from app.readmodel.events.event_query import EventQuery, Order
from app.readmodel.events.facets import Facet, facets_of
from app.readmodel.fill import Fill
from app.readmodel.follower import Follower
from app.readmodel.own_writes import OwnWrites
from app.readmodel.past.past_lists import PastLists
from app.readmodel.products.product_lists import ProductLists, ProductPage, Totals
from app.readmodel.products.product_query import ProductQuery
from app.readmodel.trends.rankings import Rankings
from app.store.feed.cursor import Cursor
from app.store.products.model import Product

_EACH = 500  # events that are read at once for `each_event`


class ReadModel:
    """Answers lists of products and of events, as soon as the copy has these."""

    def __init__(
        self,
        database: Database,
        lists: ProductLists,
        past: PastLists,
        rankings: Rankings,
        event_lists: EventLists,
        changes: Changes,
        own_writes: OwnWrites,
        follower: Follower,
        fill: Fill,
        event_fill: EventFill,
    ) -> None:
        self.database = database
        self._lists = lists
        self._past = past
        self._event_lists = event_lists
        self._changes = changes
        self._fill = fill
        self._event_fill = event_fill
        self.follower = follower
        self.rankings = rankings
        self.own_writes = own_writes

    @property
    def state(self) -> CopyState:
        """How complete the copy is now."""
        progress = self._fill.progress
        return CopyState(
            filled=self._fill.is_done and self.follower.has_caught_up,
            scanned=progress.scanned,
            expected=progress.expected,
            events=Filling(
                self._event_fill.is_done and self.follower.has_caught_up,
                self._event_fill.progress.scanned,
                self._event_fill.progress.expected,
            ),
            lag=self.follower.lag,
            trouble=self.follower.trouble,
        )

    def as_of(self) -> datetime:
        """Up to when the copy has every change."""
        return datetime.now(UTC) - timedelta(seconds=self.follower.lag)

    def page(
        self, query: ProductQuery, limit: int, cursor: str | None = None, totals: Totals = "none"
    ) -> ProductPage:
        """Up to `limit` products after the cursor, with this process's own writes.

        Raises:
            InvalidCursor: no page of this list in this order returned the cursor.
            ReadModelFilling: the copy is not filled yet.
            StoreUnavailable: the copy cannot be read now.

        """
        with self._ready():
            return self._lists.page(query, limit, cursor, totals)

    def some(self, product_ids: Sequence[str]) -> list[Product]:
        """The products among these ids that exist, in the order of the ids; raises as `page`."""
        with self._ready():
            return self._lists.some(product_ids)

    def items(self, product_ids: Iterable[str]) -> dict[str, Item]:
        """The items of those of these products that exist, by product id; raises as `page`."""
        with self._ready():
            return self._lists.items(product_ids)

    def with_barcode(self, code: str, most: int) -> list[Product]:
        """Up to `most` products with this barcode; raises as `page`."""
        with self._ready():
            return self._lists.with_barcode(code, most)

    def categories(self, most: int) -> list[str]:
        """Up to `most` categories that products have, sorted; raises as `page`."""
        with self._ready():
            return self._lists.categories(most)

    def sales_rates(self, product_ids: Sequence[str]) -> dict[str, float]:
        """Units sold a day, of those of these products that were sold in the last 30 days.

        Raises:
            ReadModelFilling, StoreUnavailable: as `figures`.

        """
        with self.figures() as connection:
            return self.rankings.sales_rates(connection, datetime.now(UTC), product_ids)

    def has(self, product_id: str, version: int | None) -> bool:
        """Whether lists have a product in at least this version; None: whether it is deleted.

        Raises:
            ReadModelFilling, StoreUnavailable: as `page`.

        """
        with self._ready():
            return self._lists.has(product_id, version)

    def past_page(
        self,
        query: ProductQuery,
        moment: datetime,
        limit: int,
        cursor: str | None = None,
        totals: Totals = "none",
    ) -> ProductPage:
        """Up to `limit` products after the cursor, as they were at a time.

        Raises:
            InvalidCursor, PastListsBusy: as `PastLists.page`.
            ReadModelFilling: the copy does not have all events yet.
            StoreUnavailable: the copy cannot be read now.

        """
        with self._ready(events=True):
            return self._past.page(query, moment, limit, cursor, totals)

    def events(
        self,
        query: EventQuery,
        limit: int,
        order: Order = "newest",
        cursor: str | None = None,
        totals: Totals = "none",
        after: Cursor | None = None,
    ) -> EventPage:
        """Up to `limit` events of the query; `cursor` and `after` as in `EventLists.page`.

        Raises:
            InvalidCursor: no page of this list in this order returned the cursor.
            ReadModelFilling: the copy does not have all events yet.
            StoreUnavailable: the copy cannot be read now.

        """
        with self._ready(events=True):
            return self._event_lists.page(query, limit, order, cursor, totals, after)

    def facets(self, query: EventQuery) -> list[Facet]:
        """How many of the query's events have which kind, reason, actor and category.

        Raises:
            ReadModelFilling, StoreUnavailable: as `events`.

        """
        with self._ready(events=True), self.database.reading() as connection:
            return facets_of(connection, query)

    def each_event(self, query: EventQuery, order: Order = "oldest") -> Iterator[ChangeEvent]:
        """Every event of the query, read a page at a time; raises as `events`."""
        cursor = None
        while True:
            page = self.events(query, _EACH, order, cursor)
            yield from (event for _, event in page.items)
            if (cursor := page.next_cursor) is None:
                return

    @contextmanager
    def figures(self) -> Iterator[sqlite3.Connection]:
        """A connection to the copy for its trends, once it has all products and events.

        Raises:
            ReadModelFilling: the copy is not filled yet.
            StoreUnavailable: the copy cannot be read now.

        """
        with self._ready(events=True), self.database.reading() as connection:
            yield connection

    @contextmanager
    def _ready(self, *, events: bool = False) -> Iterator[None]:
        """Check that the copy has all products, or also all events, and can be read."""
        state = self.state
        if not state.filled:
            raise filling("products for lists with filters", state.scanned, state.expected)
        if events and not state.events.filled:
            raise filling("changes", state.events.scanned, state.events.expected)
        try:
            if not events:
                self._changes.show_own_writes()
            yield
        except sqlite3.Error as error:
            self.follower.note(error)
            raise StoreUnavailable(
                f"The read model cannot be read now ({error}). Try again in a moment."
            ) from error
