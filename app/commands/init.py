"""`stockpulse init` creates missing tables; it changes the stream or the host only if asked."""

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
from worker.leasing.assignment import LEASE_TIME

_STEP = 0.5  # seconds between reads of the workers' rows


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "init",
        help="create missing tables",
        description="Creates the tables that do not exist yet. With the options, it also enables "
        "the stream or changes what reads it.",
    )
    parser.add_argument(
        "--enable-stream",
        action="store_true",
        help="enable the products table's stream (NEW_AND_OLD_IMAGES) if it is disabled",
    )
    parser.add_argument(
        "--host",
        choices=("worker", "lambda"),
        help="choose what reads the stream from now on: `worker` for `stockpulse serve` and "
        "`stockpulse worker`, `lambda` for the Lambda function; stop the other one first",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Create missing tables; enable the stream and change the kind of host if asked."""
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        client = where.connect().tables
        tables.ensure_tables(client, names, settings.attributes)
        if arguments.enable_stream:
            tables.enable_stream(client, names.products)
        stream = tables.stream_of(client, names.products)
        if arguments.host is not None:
            _switch_host(client, names.checkpoints, arguments.host)
    print(f"All tables exist. The stream of {names.products} has view type {stream.view_type}.")
    return 0


def _switch_host(client: Any, table: str, kind: HostKind) -> None:
    """Write the kind of host once no worker has sent a heartbeat for the lease time."""
    checkpoints = Checkpoints(client, table, CONSUMER)
    seen: dict[str, Sighting] = {}
    begun = now = time.monotonic()
    while True:
        rows = checkpoints.rows().workers
        seen = observe_all(seen, {owner: row.counter for owner, row in rows.items()}, now)
        for owner, sighting in seen.items():
            if sighting.since > begun:  # its counter has changed, or its row is new
                raise CommandError(
                    f"worker {owner} (started {rows[owner].since}) is reading the stream: stop it "
                    "first"
                )
        if not alive(seen, now, LEASE_TIME):
            break
        time.sleep(_STEP)
        now = time.monotonic()
    Workers(client, table, CONSUMER).set_host(kind)
    print(f"From now on, the stream is read by a host of kind {kind}.")
