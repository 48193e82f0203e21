"""`stockpulse lambda-test FILE` processes an event as the Lambda function would, and prints it.

It exits with 0 if every record was audited (in a dry run: decoded), and with 1 if a record
became a dead letter or failed.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.commands.common import CommandError
from app.config.settings import Settings
from app.config.signing import audit_keys
from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.core.stamps import Stamps
from app.observability.logs import escaped
from app.store import location
from app.store.audit.audit_repository import Arrived
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from worker.aws_lambda.handler import UnknownInvocation, records_of
from worker.aws_lambda.invocation import stream_arn
from worker.aws_lambda.setup import make_host, publisher_of
from worker.stream.decode import NotAProduct, UndecodableRecord, decode

SECONDS = 60.0  # the assumed timeout of the function


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "lambda-test",
        help="process an event from a file as the Lambda function would",
        description="Writes the records of a Lambda event (see samples/) to the audit in the "
        "configured tables, creates missing tables, and publishes the events if "
        "STOCKPULSE_BROKER_URL is set. Prints one line per event, and the response that the "
        "function would return to Lambda.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a file with the event as JSON")
    parser.add_argument(
        "--dry-run", action="store_true", help="only decode and print the records; write nothing"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Process the file's records, or only print them."""
    records = read(arguments.file)
    names = settings.table_names
    keys = audit_keys(settings)
    if arguments.dry_run:
        stamps = Stamps(names.products, _assumed(settings, records), keys)
        events = [_decoded(record, stamps) for record in records]
        for event in events:
            if isinstance(event, UndecodableRecord):
                print(escaped(f"would become a dead letter: {event}"))
            elif isinstance(event, NotAProduct):
                print(escaped(f"not a product (STOCKPULSE_PRODUCTS_FILTER): {event}"))
            else:
                print(summary(event))
        return 1 if any(isinstance(event, UndecodableRecord) for event in events) else 0
    published: set[str] = set()
    url = settings.broker_url
    send = None if url is None else publisher_of(url, settings, names)

    def publish(arrived: Sequence[Arrived]) -> None:
        if send is not None:
            send(arrived)
        for cursor, event in arrived:
            print(f"{cursor}  {summary(event)}")
            published.add(event.id)

    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        attributes = tables.ensure_tables(clients.tables, names, settings.attributes)
        stamps = Stamps(names.products, attributes, keys)
        events = [_decoded(record, stamps) for record in records]
        clock = SharedClock(  # a server may be writing at the same time
            ClockRow(clients.tables, names.checkpoints, CONSUMER),
            Feed(clients.tables, names.feed).newest_ms(),
        )
        answer = make_host(settings, clients, names, publish, clock).handle_batch(records, SECONDS)
    print(json.dumps(answer))
    if answer["batchItemFailures"]:
        return 1
    parked = sum(
        isinstance(event, UndecodableRecord) or event.id not in published
        for event in events
        if not isinstance(event, NotAProduct)
    )
    if parked:
        print(f"{parked} of {len(records)} records became dead letters in {names.dead_letters}.")
    return 1 if parked else 0


def read(path: Path) -> Sequence[Any]:
    """The records in a file.

    Raises:
        CommandError: the file cannot be read, or is not an event of a DynamoDB stream.

    """
    try:
        event = json.loads(path.read_text("utf-8-sig"))
        return (
            event if event and isinstance(event, list) else records_of(event)
        )  # as a Pipe sends it
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is not JSON: {error}") from None
    except UnknownInvocation as error:
        raise CommandError(f"{path} is not an event of a DynamoDB stream: {error}") from None


def summary(event: ChangeEvent) -> str:
    """One line about an event."""
    parts = [event.kind, event.product_id]
    if event.product_name:
        parts.append(f"“{event.product_name}”")
    if event.kind == "stock_changed":
        parts.append(f"{event.stock_before} → {event.stock_after}")
    elif event.changed:
        parts.append("changed " + ", ".join(event.changed))
    if event.actor:
        parts.append(f"by {event.actor}" + (f" ({event.reason})" if event.reason else ""))
    return escaped(f"{' '.join(parts)}  {event.id}")


def _assumed(settings: Settings, records: Sequence[Any]) -> AttributeNames:
    """The attribute names with the key of the first record, because a dry run reads no table."""
    try:
        found = {name: next(iter(value)) for name, value in records[0]["dynamodb"]["Keys"].items()}
    except (IndexError, KeyError, TypeError, AttributeError, StopIteration):
        return settings.attributes
    if not found or not {*found.values()} <= {"S", "N", "B"}:
        return settings.attributes
    default = settings.attributes.key.partition.name
    names = sorted(found, key=lambda name: name not in (settings.key_attribute, default))
    names[:1] = [settings.key_attribute or names[0]]
    names[1:] = [settings.sort_key_attribute or name for name in names[1:]]
    parts = [KeyPart(name, found.get(name, "S")) for name in names[:2]]
    return replace(settings.attributes, key=KeySchema(*parts))


def _decoded(record: Any, stamps: Stamps) -> ChangeEvent | UndecodableRecord | NotAProduct:
    """The event in a record, or why there is none."""
    try:
        return decode(record, stream_arn(record), stamps)
    except (UndecodableRecord, NotAProduct) as error:
        return error
