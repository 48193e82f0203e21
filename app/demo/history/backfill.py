"""Past changes go through the worker's pipeline, into an empty store that this process owns.

The feed's clock follows the simulated time, so that the arrivals are in the past too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from threading import Event
from typing import TYPE_CHECKING

from app.core.item import AttributeNames
from app.core.stamps import Stamps
from app.demo.fitting import DemoRefused, check_fits
from app.demo.history.checkpoint_handover import hand_over
from app.demo.history.records import Ledger, Record, stream_arn
from app.demo.simulation.change import Change
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.audited_table import claim_audit
from app.store.coordination.hold import Hold
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.client import translated
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import ensure_tables, stream_of
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import ROW_LIMIT, Feed
from app.store.location import Place
from worker.effects.audit_writer import AuditWriter
from worker.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BOTH_IMAGES = "NEW_AND_OLD_IMAGES"


@dataclass(frozen=True, slots=True)
class HistoryCounts:
    """Counts: records written, products in the table, and records of other programs."""

    records: int
    products: int
    others: int


def split_at(
    changes: Iterator[Change], moment: datetime
) -> tuple[Iterator[Change], Iterator[Change]]:
    """The changes before a moment, and those from that moment on, which are read after them."""
    later: list[Change] = []

    def past() -> Iterator[Change]:
        for change in changes:
            if change.at >= moment:
                later.append(change)
                return
            yield change

    def rest() -> Iterator[Change]:
        yield from later
        yield from changes

    return past(), rest()


def write_history(
    where: Place,
    tables: TableNames,
    names: AttributeNames,
    signer: Signer,
    changes: Iterable[Change],
    span: timedelta,
    progress: Callable[[int, datetime], None] = lambda _records, _moment: None,
) -> HistoryCounts:
    """Write the changes as the store's history, and the products in their final state.

    The caller owns `where`, so that no worker reads the stream meanwhile. `span` is the time that
    the changes cover. `progress` is called after each batch, with the number of records so far and
    the time of the last one.

    Raises:
        DemoRefused: the store is not empty, the stream lacks images, or retention is too short.

    """
    clients = where.connect()
    names = ensure_tables(clients.tables, tables, names)
    check_fits(names)
    claim_audit(clients.tables, tables, CONSUMER)
    _check_kept(span, signer)
    stream = stream_of(clients.tables, tables.products)
    _check_empty(clients.tables, tables)
    if stream.view_type != _BOTH_IMAGES:
        raise DemoRefused(
            f"the stream of {tables.products} has view type {stream.view_type}, but --history "
            f"needs {_BOTH_IMAGES}: set STOCKPULSE_PRODUCTS_TABLE to the name of a new table, "
            "which Stockpulse creates"
        )
    stamps = Stamps(tables.products, names, signer.keys)
    retry = Retry(Event())
    clock = _SimulatedClock()
    feed = Feed(clients.tables, tables.feed, signer.retention)
    stamp = CursorClock(0, clock.ms).stamp
    audit = AuditRepository(clients.tables, tables.audit, feed, signer, stamp)
    letters = DeadLetters(clients.tables, tables.dead_letters)
    pipeline = Pipeline(AuditWriter(audit, retry), _publish_nothing, letters, retry, stamps)

    ledger, arn, written = Ledger(stamps), stream_arn(tables.products), 0
    records = ledger.records(changes)
    for batch in batches(records, datetime.now(UTC) - timedelta(hours=1)):
        clock.moment = batch[-1]["dynamodb"]["ApproximateCreationDateTime"]
        pipeline.process(batch, arn)
        written += len(batch)
        progress(written, clock.moment)
    deployment = Deployment(clients, tables, names, signer)
    others = hand_over(where, deployment, ledger.items, pipeline.process)
    return HistoryCounts(written, len(ledger.items), others)


def batches(records: Iterable[Record], recent: datetime) -> Iterator[list[Record]]:
    """Batches as large as a feed row; from `recent` on, each record arrives when it was made.

    Otherwise, the Live page would show the span of a batch as the lag of the last hour.
    """

    def is_recent(record: Record) -> bool:
        return bool(record["dynamodb"]["ApproximateCreationDateTime"] >= recent)

    for alone, group in groupby(records, is_recent):
        while batch := list(islice(group, 1 if alone else ROW_LIMIT)):
            yield batch


class _SimulatedClock:
    """The time of the batch that is being written."""

    moment: datetime

    def ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.moment.timestamp() * 1000)


def _publish_nothing(_arrived: Sequence[Arrived], _hold: Hold) -> None:
    """There are no subscribers yet."""


def _check_kept(span: timedelta, signer: Signer) -> None:
    kept = signer.retention
    if kept is not None and span > kept:
        raise DemoRefused(
            f"--history covers more than the {kept.days} days of STOCKPULSE_AUDIT_RETENTION_DAYS: "
            "shorten it, or raise the setting"
        )


def _check_empty(client: "DynamoDBClient", tables: TableNames) -> None:
    for table in (tables.products, tables.audit, tables.feed):
        with translated():
            found = client.scan(TableName=table, Limit=1, ConsistentRead=True)["Items"]
        if found:
            raise DemoRefused(
                f"table {table} is not empty, but --history needs an empty store: omit --history, "
                "or set STOCKPULSE_DATA_DIR to a new folder (for tables elsewhere: set "
                "STOCKPULSE_TABLE_PREFIX to a new prefix)"
            )
