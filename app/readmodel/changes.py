"""Events change the copy in one transaction with the position that they were read at."""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.events import RESERVED, ChangeEvent
from app.core.item import AttributeNames, Item
from app.core.keys import NotAnID
from app.readmodel.database import Database, save, saved
from app.readmodel.events.event_fill import START
from app.readmodel.events.event_table import prune, put
from app.readmodel.own_writes import OwnWrites
from app.readmodel.products.product_row import ProductRow, storable
from app.readmodel.products.product_table import key_of_newest, mark_deleted, set_row
from app.readmodel.trends.trend_table import TrendTable
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import parse_cursor
from app.store.timeline.position import Position, decoded

_log = logging.getLogger(__name__)

_SETTLED, _TAKEN = "settled", "taken"
_PRUNED = 200  # events per transaction
_UTC = ZoneInfo("UTC")

# The current items of products, for events that do not have them.
ReadItems = Callable[[Sequence[str]], Mapping[str, Item]]


class Changes:
    """Applies events; any event may come again, and in any order."""

    def __init__(
        self,
        database: Database,
        names: AttributeNames,
        own_writes: OwnWrites,
        read_items: ReadItems,
        zone: ZoneInfo = _UTC,
    ) -> None:
        """`zone`: the shop's time zone, which defines the days of its trends."""
        self._database = database
        self._names = names
        self._own_writes = own_writes
        self._read_items = read_items
        self._trends = TrendTable(names, zone)

    def position(self) -> Position | None:
        """The saved position; None for a new file."""
        with self._database.reading() as connection:
            settled = saved(connection, _SETTLED)
            taken = saved(connection, _TAKEN)
        return None if settled is None else decoded(parse_cursor(settled), taken or b"")

    def begin(self, position: Position) -> None:
        """Save where a new file begins to follow the timeline.

        Raises:
            sqlite3.Error: it was not saved.

        """
        with self._database.writing() as connection:
            save(connection, START, str(position.settled))
            _save(connection, position)

    def apply(self, arrived: Sequence[Arrived], position: Position | None = None) -> None:
        """Apply events in order, and save the position, if given.

        Raises:
            StoreUnavailable: a product cannot be read now; nothing was applied.
            sqlite3.Error: nothing was applied.

        """
        shown = [event for _, event in arrived if _is_of_product(event)]
        lacking = {event.product_id for event in shown if _lacks_image(event)}
        current = self._read_items(sorted(lacking)) if lacking else {}
        confirmed: set[str] = set()
        hidden: set[str] = set()
        with self._database.writing(lambda: self._own_writes.arrive(shown)) as connection:
            self.keep(connection, arrived)
            for event in shown:
                if self._own_writes.hides(event, confirmed):
                    hidden.add(event.product_id)
                try:
                    self._apply(connection, event, current)
                except NotAnID:  # of a table that had another key
                    _log.info("the read model skips an event of %r", event.product_id)
            for write in self._own_writes.shown(hidden - confirmed):
                self._put(connection, write.product_id, write.item)
            if position is not None:
                _save(connection, position)

    def keep(self, connection: sqlite3.Connection, arrived: Sequence[Arrived]) -> None:
        """Keep events for searches, and count them; they need not be in order."""
        self._trends.add(
            connection,
            [event for at, event in arrived if put(connection, at, event, self._names)],
        )

    def fill(self, connection: sqlite3.Connection, arrived: Sequence[Arrived]) -> None:
        """Keep events from before the copy, newest first, when it has all scanned products.

        A product that neither the scan nor a later event has was deleted.
        """
        self.keep(connection, arrived)
        for _, event in arrived:
            row_id = storable(event.product_id)
            if _is_of_product(event) and key_of_newest(connection, row_id) is None:
                with suppress(NotAnID):  # of a table that had another key
                    self._delete(connection, event)

    def prune(self, before_ms: int) -> bool:
        """Delete some of the events that arrived before a time; returns whether there may be more.

        Raises:
            sqlite3.Error: none was deleted.

        """
        with self._database.writing() as connection:
            expired = prune(connection, before_ms, _PRUNED)
            self._trends.remove(connection, expired)
            return len(expired) == _PRUNED

    def begin_day(self, now: datetime) -> None:
        """Sum the last days of each product again if another day has begun.

        Raises:
            sqlite3.Error: they are summed later.

        """
        with self._database.reading() as connection:
            is_due = self._trends.is_new_day(connection, now)
        if is_due:
            with self._database.writing() as connection:
                self._trends.begin_day(connection, now)

    def show_own_writes(self) -> None:
        """Put this process's own writes into the copy, before their events arrive.

        Raises:
            sqlite3.Error: none was put there.

        """
        writes = self._own_writes.to_show()
        if not writes:
            return
        with self._database.writing() as connection:
            for write in writes:
                if self._own_writes.show(write):
                    self._put(connection, write.product_id, write.item)

    def read_again(self, product_ids: Sequence[str]) -> None:
        """Set the rows of products as the table has them now.

        Raises:
            StoreUnavailable, sqlite3.Error: as `apply`.

        """
        current = self._read_items(product_ids)
        with self._database.writing() as connection:
            for product_id in product_ids:
                self._put(connection, product_id, current.get(product_id))

    def _put(self, connection: sqlite3.Connection, product_id: str, item: Item | None) -> None:
        """Set a row whatever events it has had; the next event sets it again.

        Trends count it from that event on.
        """
        row_id = storable(product_id)
        key = key_of_newest(connection, row_id)
        if item is None or not self._names.is_product(item):
            mark_deleted(connection, row_id, key or "")
            return
        set_row(connection, ProductRow(item, self._names), key or "", again=True)
        if key is None:
            connection.execute("UPDATE trend_products SET deleted = 1 WHERE id = ?", (row_id,))

    def _apply(
        self, connection: sqlite3.Connection, event: ChangeEvent, current: Mapping[str, Item]
    ) -> None:
        if event.kind in {"deleted", "expired"}:
            self._delete(connection, event)
            return
        item = current.get(event.product_id) if _lacks_image(event) else event.after
        if item is None or not self._names.is_product(item):
            self._delete(connection, event)
        else:
            set_row(connection, ProductRow(item, self._names), event.event_key)

    def _delete(self, connection: sqlite3.Connection, event: ChangeEvent) -> None:
        """Keep the product's row as it was last; without one a scan that is late could add it."""
        images = (event.after, event.before)
        last = next((one for one in images if one and self._names.is_product(one)), None)
        if last is not None:
            set_row(connection, ProductRow(last, self._names), event.event_key, deleted=True)
        elif not mark_deleted(connection, storable(event.product_id), event.event_key):
            key = self._names.key.key_of(event.product_id)
            set_row(connection, ProductRow(key, self._names), event.event_key, deleted=True)


def _is_of_product(event: ChangeEvent) -> bool:
    """Whether it is no gap of a whole shard."""
    return not event.product_id.startswith(RESERVED)


def _save(connection: sqlite3.Connection, position: Position) -> None:
    save(connection, _SETTLED, str(position.settled))
    save(connection, _TAKEN, position.encoded())


def _lacks_image(event: ChangeEvent) -> bool:
    """Whether the event does not show the product after it, although there is one."""
    if event.kind in {"deleted", "expired"}:
        return False
    return event.after is None and (
        event.images_omitted or event.view_type in {"KEYS_ONLY", "OLD_IMAGE"}
    )
