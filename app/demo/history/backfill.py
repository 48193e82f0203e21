"""A past is told through the pipeline like any other stream, before anybody looks.

Only into an empty store whose data folder is owned: what is there already has a past. The
feed's clock is the shop's, so that the arrivals lie in the past too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from threading import Event
from typing import TYPE_CHECKING

from app.core.item import AttributeNames
from app.demo.history.checkpoint_handover import hand_over
from app.demo.history.records import Ledger, NoPast, stream_arn
from app.demo.simulation.change import Change
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.audited_table import claim_audit
from app.store.coordination.leases import Hold
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.client import connect, translated
from app.store.dynamodb.tables import TableNames, ensure_tables, stream_of
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import ROW_LIMIT, Feed
from app.store.location import Place
from worker.effects.audit_writer import AuditWriter
from worker.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BOTH_IMAGES = "NEW_AND_OLD_IMAGES"


@dataclass(frozen=True, slots=True)
class Past:
    """What was made: records told, products left, and records of others that were told too."""

    records: int
    products: int
    strangers: int


def divided(changes: Iterator[Change], moment: datetime) -> tuple[list[Change], Iterator[Change]]:
    """The changes before a moment, and those from then on."""
    past: list[Change] = []
    for change in changes:
        if change.at >= moment:
            return past, chain([change], changes)
        past.append(change)
    return past, changes


def make_past(
    where: Place,
    tables: TableNames,
    names: AttributeNames,
    signer: Signer,
    changes: Sequence[Change],
    progress: Callable[[int, datetime], None] = lambda _records, _moment: None,
) -> Past:
    """Write the changes as the store's past, and leave the products as they came out of it.

    `where` is owned, so that no worker reads the stream meanwhile. `progress` is called after
    each batch, with the number of records so far and the time of the last one.

    Raises:
        NoPast: the store is not empty, or its stream or retention does not suit.

    """
    clients = connect(where.endpoint)
    ensure_tables(clients.tables, tables, names)
    claim_audit(clients.tables, tables, CONSUMER)
    _check_kept(changes, signer)
    stream = stream_of(clients.tables, tables.products)
    _check_empty(clients.tables, tables)
    if stream.view_type != _BOTH_IMAGES:
        raise NoPast(
            f"the stream of {tables.products} carries {stream.view_type}, and a past needs "
            f"{_BOTH_IMAGES}: set STOCKPULSE_PRODUCTS_TABLE to a table that Stockpulse may make"
        )
    retry = Retry(Event())
    clock = _Then()
    feed = Feed(clients.tables, tables.feed, signer.retention)
    stamp = CursorClock(0, clock.ms).stamp
    audit = AuditRepository(clients.tables, tables.audit, feed, signer, stamp)
    letters = DeadLetters(clients.tables, tables.dead_letters)
    pipeline = Pipeline(AuditWriter(audit, retry), _to_nobody, letters, retry, names)

    ledger, arn, told = Ledger(names), stream_arn(tables.products), 0
    records = ledger.records(changes)
    while batch := list(islice(records, ROW_LIMIT)):
        clock.moment = batch[-1]["dynamodb"]["ApproximateCreationDateTime"]
        pipeline.process(batch, arn)
        told += len(batch)
        progress(told, clock.moment)
    deployment = Deployment(clients, tables, names, signer)
    strangers = hand_over(where, deployment, ledger.items, pipeline.process)
    return Past(told, len(ledger.items), strangers)


class _Then:
    """The clock of what is being told."""

    moment: datetime

    def ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.moment.timestamp() * 1000)


def _to_nobody(_arrived: Sequence[Arrived], _hold: Hold) -> None:
    """Nobody listens yet."""


def _check_kept(changes: Sequence[Change], signer: Signer) -> None:
    kept = signer.retention
    if kept is not None and changes and changes[-1].at - changes[0].at > kept:
        raise NoPast(
            f"STOCKPULSE_AUDIT_RETENTION_DAYS keeps {kept.days} days, fewer than --history asks for"
        )


def _check_empty(client: "DynamoDBClient", tables: TableNames) -> None:
    for table in (tables.products, tables.audit, tables.feed):
        with translated():
            found = client.scan(TableName=table, Limit=1, ConsistentRead=True)["Items"]
        if found:
            raise NoPast(
                f"table {table} is not empty, and a past is made in an empty store only: leave "
                "--history out, or set STOCKPULSE_DATA_DIR (for tables elsewhere: "
                "STOCKPULSE_TABLE_PREFIX) to a new one"
            )
