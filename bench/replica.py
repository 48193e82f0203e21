"""The replica catches up on a backlog of events, beside a bare loop that reads and writes the same.

The loop reads the feed and the audit page by page, and upserts the same rows with the same client,
without a cursor, a lease, an owner mark, guards of deleted products or a retry.

    .venv/bin/python bench/replica.py [--events 20000] [--database sqlite|postgresql]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap.worker import reading
from app.config.settings import Settings
from app.core.item import DEFAULT_NAMES
from app.runtime.wake import Wake
from app.store.access.admin_log import AdminLog
from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import CONSUMER
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import SinkControl
from bench.support.past import write_past
from bench.support.report import Requirement, conditions, finish
from bench.support.store import Store, store
from tests.support.history.past_writer import SIGNER
from tests.support.processes.postgres_server import PostgresServer
from worker.sinks.replica.replica_rows import Rows, keeps_all, rows_of
from worker.sinks.replica.replica_tables import replica_tables
from worker.sinks.replica.replica_writes import ReplicaWrites
from worker.sinks.shaping import Projection

LEAST = 0.7
BATCH = 250  # events per transaction
TURNS = 3
PATIENCE = 600.0  # seconds
_numbers = count()


def connected(database: str) -> Engine:
    """The database, as the loop and the counting use it."""
    return create_engine(database.replace("postgresql:", "postgresql+psycopg:"))


def bare(made: Store, database: str) -> float:
    """Seconds of the loop."""
    client = made.clients.tables
    feed = Feed(client, made.names.feed)
    audit = AuditRepository(client, made.names.audit, feed, SIGNER, CursorClock(0).stamp)
    engine, tables = connected(database), replica_tables(f"bare{next(_numbers)}_")
    tables.metadata.create_all(engine)
    writes = ReplicaWrites(tables, is_sqlite=database[0] == "s", keeps_deleted=True)
    whole = Projection(None, DEFAULT_NAMES)
    arrivals = feed.since(0)
    began = time.perf_counter()
    while batch := list(islice(arrivals, BATCH)):
        found = audit.get_many([arrival.ref for arrival in batch])
        events = [found[arrival.ref] for arrival in batch]
        rows = rows_of(events, {}, DEFAULT_NAMES, whole, keeps_all)
        with engine.begin() as connection:
            writes.write(connection, Rows(rows.events, rows.products))
    seconds = time.perf_counter() - began
    engine.dispose()
    return seconds


def sink(made: Store, database: str, events: int, folder: Path) -> float:
    """Seconds from the rewind of the sink until the database has all events."""
    prefix = f"sink{next(_numbers)}_"
    settings = Settings(
        _env_file=None,
        dynamodb=made.url,
        data_dir=folder / prefix,
        replica_url=SecretStr(database),
        replica_prefix=prefix,
    )
    client, names = made.clients.tables, made.names
    log = AdminLog(client, names.settings)
    control = SinkControl(client, names.checkpoints, CONSUMER, Feed(client, names.feed), log)
    engine, table = connected(database), replica_tables(prefix).events
    query = select(func.count()).select_from(table)

    def has_all() -> bool:
        try:
            with engine.connect() as connection:
                return connection.execute(query).scalar_one() >= events
        except SQLAlchemyError:  # it is not there yet
            return False

    with reading(settings, lambda _: None, Wake()):
        wait(lambda: (row := control.get("replica")) is not None and row.cursor is not None)
        began = time.perf_counter()
        control.rewind("replica", "beginning", "bench")
        wait(has_all)
        seconds = time.perf_counter() - began
    engine.dispose()
    return seconds


def wait(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


@contextmanager
def past(folder: Path, events: int) -> Iterator[Store]:
    """An engine with a history."""
    with store(folder) as made:
        names = made.names
    write_past(folder / "engine.db", names, events)
    with store(folder) as made:
        yield made


def main() -> int:
    """Return 0 if the requirements are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    about, measured, lines, required = conditions(), {}, [], []
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        made = opened.enter_context(past(folder / "engine", given.events))
        for database in given.database or ["sqlite", "postgresql"]:
            url = f"sqlite:///{folder / 'replica.db'}"
            if database == "postgresql":
                url = opened.enter_context(PostgresServer()).url()
            seconds: dict[str, list[float]] = {"bare loop": [], "sink": []}
            for _ in range(given.turns):
                seconds["bare loop"].append(bare(made, url))
                seconds["sink"].append(sink(made, url, given.events, folder))
                print(f"{database}: {seconds} s", file=sys.stderr)
            rates = {way: given.events / statistics.median(s) for way, s in seconds.items()}
            measured[database] = rates
            lines += [
                f"{database:<10} {way:<9} {rate:>6.0f} events/s" for way, rate in rates.items()
            ]
            ratio = rates["sink"] / rates["bare loop"]
            required.append(
                Requirement(f"{database}: sink / bare loop", ratio, LEAST, at_least=True)
            )
    return finish(about, lines, measured, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
