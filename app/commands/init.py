"""`stockpulse init` makes what is missing; stream and kind of host change only where asked."""

import argparse
import time
from typing import Any

from app.commands.common import CommandError
from app.config.settings import Settings
from app.runtime.stall import Sighting, alive, observe_all
from app.store import location
from app.store.coordination.checkpoints import Checkpoints
from app.store.coordination.workers import HostKind, Workers
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect
from worker.leasing.assignment import LEASE_TIME

_STEP = 0.5  # seconds between reads of the workers' rows


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser("init", help="make the tables that are missing")
    parser.add_argument(
        "--enable-stream",
        action="store_true",
        help="switch the products table's stream on (both images) where it is off",
    )
    parser.add_argument(
        "--host",
        choices=("worker", "lambda"),
        help="what reads the stream from now on: `stockpulse serve` and `worker`, or Lambda; "
        "end the other first",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make tables, and switch the stream on and the kind of host over if asked."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = connect(where.endpoint).tables
        tables.ensure_tables(client, names, settings.attributes)
        if arguments.enable_stream:
            tables.enable_stream(client, names.products)
        stream = tables.stream_of(client, names.products)
        if arguments.host is not None:
            _switch_host(client, names.checkpoints, arguments.host)
    print(f"All tables are there; {names.products} streams {stream.view_type}.")
    return 0


def _switch_host(client: Any, table: str, kind: HostKind) -> None:
    """Write the kind of host, once every worker's counter has stood still for the lease time."""
    checkpoints = Checkpoints(client, table, CONSUMER)
    seen: dict[str, Sighting] = {}
    begun = now = time.monotonic()
    while True:
        rows = checkpoints.rows().workers
        seen = observe_all(seen, {owner: row.counter for owner, row in rows.items()}, now)
        for owner, sighting in seen.items():
            if sighting.since > begun:  # its counter moved, or its row is new
                raise CommandError(
                    f"worker {owner} (since {rows[owner].since}) reads the stream: end it first"
                )
        if not alive(seen, now, LEASE_TIME):
            break
        time.sleep(_STEP)
        now = time.monotonic()
    Workers(client, table, CONSUMER).set_host(kind)
    print(f"The stream is read by a host of kind {kind} from now on.")
