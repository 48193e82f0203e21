"""REST reads and writes reach a share of a bare FastAPI route with the same boto3 calls.

All servers use one engine and take turns; the same eight threads call them over persistent
connections. Stockpulse runs as topology B's web process, without a worker, and as one process with
everything: its worker audits the writes, and its read model and a webhook follow them. The latter
has tables of its own, has audited all earlier changes, and has completed its first comparison,
which takes a minute.

    .venv/bin/python bench/api.py
"""

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.item import DEFAULT_NAMES
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables
from bench.support.report import Requirement, conditions, finish, median_of
from bench.support.store import PRODUCTS, Store, item, store
from tests.faults.hook import Receiver
from tests.support.processes.process import Process
from tests.support.processes.redis_server import RedisServer
from tests.support.waiting import until

LIMITS = {"web process": {"read": 0.8, "write": 0.8}, "all in one": {"read": 0.35, "write": 0.52}}
QUIET = 1.0  # seconds after each measurement, in which a worker and its consumers finish
SUPPORT = Path(__file__).with_name("support")
KINDS = ("read", "write")


@contextmanager
def bare(on: Store) -> Iterator[int]:
    """Run the baseline server; its port."""
    command = [sys.executable, str(SUPPORT / "bare_api.py"), on.url, on.names.products]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())["port"]
        finally:
            child.terminate()


@contextmanager
def ours(on: Store, folder: Path, **settings: str) -> Iterator[int]:
    """Run the application on the same engine and table; its port."""
    folder.mkdir()
    environment = {"STOCKPULSE_DYNAMODB": on.url, **settings}
    with Process(folder / "data", environment=environment, forked=False) as app:
        yield app.port


@contextmanager
def split(on: Store, folder: Path) -> Iterator[int]:
    """Run the web process alone; its port."""
    with RedisServer(folder) as redis:
        keys = {
            "STOCKPULSE_BROKER_URL": redis.url,
            "STOCKPULSE_SESSION_KEY": secrets.token_hex(32),
            "STOCKPULSE_AUDIT_KEYS": "bench:" + "a2V5" * 11,
        }
        with ours(on, folder / "split", **keys) as port:
            yield port


@contextmanager
def whole(on: Store, folder: Path, *, settled: bool) -> Iterator[int]:
    """Run one process with everything on tables of its own, with a webhook; its port."""
    names = table_names("whole-", None)
    ensure_tables(on.clients.tables, names, DEFAULT_NAMES)
    with (
        Receiver(folder / "hook") as receiver,
        ours(
            on, folder / "whole", STOCKPULSE_TABLE_PREFIX="whole-", **receiver.environment
        ) as port,
    ):
        _fill(on, names.products)
        output = folder / "whole" / "out"
        if settled:
            until(lambda: "products with the audit: " in output.read_text(), seconds=180)
        yield port


def _fill(on: Store, table: str) -> None:
    for number in range(PRODUCTS):
        on.clients.tables.put_item(TableName=table, Item=item(number))


def ask(port: int, kind: str, seconds: float) -> dict[str, float]:
    """Run the clients in a process of their own; returns their figures."""
    command = [sys.executable, str(SUPPORT / "api_clients.py"), str(port), kind, str(seconds)]
    done = subprocess.run([*command, str(PRODUCTS)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(given: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, float]]]:
    """One row per round, for each server."""
    (folder / "engine").mkdir()
    with ExitStack() as opened:
        on = opened.enter_context(store(folder / "engine"))
        _fill(on, on.names.products)
        servers: dict[str, Callable[[], Any]] = {
            "all in one": lambda: whole(on, folder, settled=not given.quick),
            "web process": lambda: split(on, folder),
            "bare FastAPI": lambda: bare(on),
        }
        ports = {name: opened.enter_context(serve()) for name, serve in servers.items()}
        for port in ports.values():
            for kind in KINDS:
                ask(port, kind, 1)  # warms up
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
        for _ in range(given.rounds):
            for name, port in ports.items():
                row = {}
                for kind in KINDS:
                    found = ask(port, kind, given.seconds)
                    time.sleep(QUIET)
                    row |= {f"{kind}_{key}": value for key, value in found.items()}
                rows[name].append(row)
        return rows


def main() -> int:
    """Return 0 if the required ratios hold, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2, help="length of each measurement")
    parser.add_argument("--quick", action="store_true", help="one round at once")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    given.rounds = 1 if given.quick else given.rounds
    about = conditions()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(given, Path(folder))
    medians = {name: median_of(found) for name, found in rows.items()}
    lines = [
        f"medians of {given.rounds} rounds of {given.seconds} s with 8 connections",
        "               reads/s  p50 ms  p99 ms   writes/s  p50 ms  p99 ms",
        *(
            f"{name:<13} {row['read_per_s']:>8.0f} {row['read_p50_ms']:>7.1f}"
            f" {row['read_p99_ms']:>7.1f} {row['write_per_s']:>10.0f}"
            f" {row['write_p50_ms']:>7.1f} {row['write_p99_ms']:>7.1f}"
            for name, row in medians.items()
        ),
    ]
    required = [
        Requirement(
            f"{kind}s of the {name} / bare route",
            statistics.median(
                mine[f"{kind}_per_s"] / baseline[f"{kind}_per_s"]
                for mine, baseline in zip(rows[name], rows["bare FastAPI"], strict=True)
            ),
            limit,
            at_least=True,
        )
        for name, limits in LIMITS.items()
        for kind, limit in limits.items()
    ]
    return finish(about, lines, {"rounds": rows}, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
