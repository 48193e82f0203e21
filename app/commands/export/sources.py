"""Products come from a copy that is filled and deleted again, events from the timeline."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from app.broker.filters import Filter, topic_of
from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.readmodel.database import Database
from app.readmodel.products.product_lists import ProductLists
from app.readmodel.products.product_query import ProductQuery, order_of, ranges_of
from app.readmodel.products.product_row import ProductRow
from app.readmodel.products.product_table import set_row
from app.store.audit.audit_repository import AuditRepository
from app.store.dynamodb.products_table import with_key
from app.store.dynamodb.reads import get_rows
from app.store.feed.cursor import CursorClock, parse_cursor
from app.store.feed.feed import Feed
from app.store.products.model import Product
from app.store.timeline.timeline import Timeline
from app.web.exports.export_file import PAGE
from app.web.exports.export_rows import RowFormat, events_format, products_format

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EVENTS = 200  # of a page of the timeline
_EARLIEST_MS = 61_000  # how long before its change an event may have arrived, by the clocks


@dataclass(frozen=True, slots=True)
class Source:
    """What is exported: `total` is the number of rows, None if it is not known before."""

    rows: RowFormat[Any]
    total: int | None
    pages: Iterator[Sequence[Any]]


@contextmanager
def product_source(
    arguments: argparse.Namespace,
    settings: Settings,
    client: "DynamoDBClient",
    say: Callable[[str], None],
) -> Iterator[Source]:
    """The products that match the arguments, in their order."""
    tables = settings.table_names
    key, descending = order_of(arguments.sort)
    query = ProductQuery(
        q=arguments.q,
        category=arguments.category,
        tag=arguments.tag,
        low=arguments.low,
        out=arguments.out,
        ranges=ranges_of(
            (arguments.min_stock, arguments.max_stock), (arguments.min_price, arguments.max_price)
        ),
        sort=key,
        descending=descending,
    )
    names = with_key(client, tables, settings.attributes)
    with (
        TemporaryDirectory(prefix="stockpulse-") as folder,
        Database(Path(folder) / "copy.sqlite", "export") as database,
    ):
        _fill(database, client, tables.products, names, say)
        lists = ProductLists(database, names)
        total = lists.page(query, 1, totals="exact").total
        yield Source(
            products_format(), None if total is None else total.count, _products(lists, query)
        )


def _fill(
    database: Database,
    client: "DynamoDBClient",
    table: str,
    names: AttributeNames,
    say: Callable[[str], None],
) -> None:
    items = filter(names.is_product, get_rows(client, "scan", table))
    count = 0
    while some := list(islice(items, PAGE)):
        with database.writing() as connection:
            for item in some:
                set_row(connection, ProductRow(item, names), "")
        count += len(some)
        say(f"{count:,} products read …")


def _products(lists: ProductLists, query: ProductQuery) -> Iterator[Sequence[Product]]:
    cursor = None
    while True:
        page = lists.page(query, PAGE, cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


@contextmanager
def event_source(
    arguments: argparse.Namespace,
    settings: Settings,
    client: "DynamoDBClient",
    _: Callable[[str], None],
) -> Iterator[Source]:
    """The events that match the arguments, newest first."""
    tables, signer = settings.table_names, signer_of(settings)
    feed = Feed(client, tables.feed, signer.retention, settings.feed_partitions)
    audit = AuditRepository(client, tables.audit, feed, signer, CursorClock(0).stamp)
    wanted = Filter(
        frozenset(arguments.kind or ()),
        arguments.product,
        arguments.category,
        arguments.actor,
        arguments.min_delta,
    )
    since, until = arguments.since, arguments.until

    def admits(event: ChangeEvent) -> bool:
        return (
            (since is None or event.occurred_at >= since)
            and (until is None or event.occurred_at < until)
            and wanted.admits(topic_of(event))
        )

    first_ms = 0 if since is None else int(since.timestamp() * 1000) - _EARLIEST_MS
    pages = _events(Timeline(feed, audit), admits, first_ms)
    yield Source(events_format(tables.products), None, pages)


def _events(
    timeline: Timeline, admits: Callable[[ChangeEvent], bool], first_ms: int
) -> Iterator[Sequence[ChangeEvent]]:
    cursor = None
    while True:
        page = timeline.latest(_EVENTS, cursor, admits)
        yield [event for _, event in page.items]
        cursor = page.next_cursor
        if cursor is None or parse_cursor(cursor).ms < first_ms:
            return
