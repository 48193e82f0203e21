"""REST reads and writes reach at least 0.8 of a bare FastAPI route with the same boto3 calls.

Both servers use one engine and take turns; the same eight threads call them over persistent
connections. Stockpulse runs as topology B's web process, without a worker. The result for one
process with everything, whose worker also audits the writes, is printed as well.

    .venv/bin/python bench/api.py
"""

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.support.report import Requirement, conditions, finish, median_of
from bench.support.store import PRODUCTS, Store, item, store
from tests.support.processes.process import Process
from tests.support.processes.redis_server import RedisServer

LIMIT = 0.8
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
        for number in range(PRODUCTS):
            on.clients.tables.put_item(TableName=on.names.products, Item=item(number))
        servers: dict[str, Callable[[], Any]] = {
            "web process": lambda: split(on, folder),
            "bare FastAPI": lambda: bare(on),
        }
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in [*servers, "all in one"]}
        with ExitStack() as both:
            ports = {name: both.enter_context(serve()) for name, serve in servers.items()}
            _rounds(given, ports, rows)
        # Alone, because its worker would take CPU time from the others.
        _rounds(given, {"all in one": opened.enter_context(ours(on, folder / "whole"))}, rows)
    return rows


def _rounds(
    given: argparse.Namespace, ports: dict[str, int], rows: dict[str, list[dict[str, float]]]
) -> None:
    for port in ports.values():
        for kind in KINDS:
            ask(port, kind, 1)  # warms up
    for _ in range(given.rounds):
        for name, port in ports.items():
            row = {}
            for kind in KINDS:
                found = ask(port, kind, given.seconds)
                row |= {f"{kind}_{name}": value for name, value in found.items()}
            rows[name].append(row)


def main() -> int:
    """Return 0 if the required ratios hold, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2, help="length of each measurement")
    parser.add_argument("--quick", action="store_true", help="one round")
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
    pairs = list(zip(rows["web process"], rows["bare FastAPI"], strict=True))
    required = [
        Requirement(
            f"{kind}s / bare route",
            statistics.median(
                mine[f"{kind}_per_s"] / baseline[f"{kind}_per_s"] for mine, baseline in pairs
            ),
            LIMIT,
            at_least=True,
        )
        for kind in KINDS
    ]
    return finish(about, lines, {"rounds": rows}, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
