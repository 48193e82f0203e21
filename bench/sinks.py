"""Sinks keep up, catch up nearly as fast as a bare loop, and do not slow the live feed.

    .venv/bin/python bench/sinks.py sqs sns eventbridge

Each sink writes to a real target (MiniStack, a database, OpenSearch, files). Catching up: the
history is in the engine before a process starts the sink at its beginning; the sinks that always
run are up to date, as in a deployment that gets another one. The bare loop scans the same rows and
writes them with the same client. Both run in a process of their own, in turns.
"""

import argparse
import base64
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.bootstrap.worker import reading
from app.commands.sinks.tools import open_tools
from app.config.settings import Settings
from app.observability.metrics import REGISTRY
from app.runtime.wake import Wake
from app.store.audit.entry import event_of
from app.store.dynamodb.table_names import table_names
from app.store.engine import EmbeddedEngine, find_running
from bench.support.past import write_past
from bench.support.report import Requirement, conditions, finish, median_of, percentile
from bench.support.sinks.beginning import until_begun
from bench.support.sinks.trial import TRIALS, Trial, trial_of
from bench.support.store import bare as bare_clients
from bench.webhook import App, Lengths, live
from tests.faults.writers import Writers
from tests.support.processes.process import Process

CATCH_UP, LIVE_P99 = 0.7, 1.2  # required: of the bare loop, and of the server without sinks
KEY = b"b" * 32
KEYS = f"bench:{base64.b64encode(KEY).decode()}"
RATE, THREADS = 1_000, 8
PATIENCE = 300.0  # seconds


class Due(NamedTuple):
    """How many events the target gets, and whether it has the rest."""

    events: int
    complete: Callable[[], bool]


def ours(data_dir: Path, url: str, sink: str, environment: Mapping[str, str], due: Due) -> float:
    """Events per second from the first delivery until all is there, as a worker runs the sink."""
    os.environ.update(environment)
    settings = Settings(
        _env_file=None,
        dynamodb=url,
        data_dir=data_dir,
        audit_keys=KEYS,
        sinks_start="2020-01-01T00:00:00Z",
    )

    def delivered() -> float:
        found = REGISTRY.get_sample_value("stockpulse_sink_delivered_total", {"sink": sink})
        return found or 0.0

    with open_tools(settings) as tools:
        for view in tools.sinks.views():
            tools.sinks.rewind(view.row.name, "now", "bench")
    with reading(settings, lambda _: None, Wake()) as worker:
        deadline = time.monotonic() + PATIENCE
        first = began = 0.0
        while (done := delivered()) < due.events or not due.complete():
            if done and not first:
                first, began = done, time.perf_counter()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{done} of {due.events}: {worker.sink_troubles()}")
            time.sleep(0.01)
        return (due.events - first) / (time.perf_counter() - began)


def bare(url: str, trial: str, folder: Path, events: int) -> float:
    """Events per second of the loop that scans the audit and writes with the same client."""
    folder.mkdir()
    tables: Any = bare_clients(url).tables
    with trial_of(trial)(folder) as opened:
        pages = tables.get_paginator("scan").paginate(TableName=table_names("", None).audit)
        began, done = time.perf_counter(), 0
        found = (event_of(entry) for page in pages for entry in page["Items"])
        while batch := list(islice(found, opened.batch)):
            opened.bare(batch)
            done += len(batch)
        assert done == events
        return events / (time.perf_counter() - began)


def catch_up(folder: Path, name: str, events: int, rounds: int) -> list[dict[str, float]]:
    """Events per second of both, in turns, each time on a new target."""
    rows = []
    for number in range(rounds):
        own = folder / f"{name}{number}"
        own.mkdir()
        keys = {"STOCKPULSE_AUDIT_KEYS": KEYS}
        with Process(own / "data", forked=False, environment=keys) as server:
            until_begun(server)
        write_past(own / "data" / "engine.db", table_names("", None), events, key=KEY)
        with (
            EmbeddedEngine(own / "data") as engine,
            ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), max_tasks_per_child=1
            ) as pool,
        ):
            row = {"bare": pool.submit(bare, engine.url, name, own / "bare", events).result()}
            (own / "ours").mkdir()
            with trial_of(name)(own / "ours") as opened:
                due = Due(events - opened.later, opened.complete)
                arguments = (own / "data", engine.url, opened.sink, opened.environment, due)
                row["ours"] = pool.submit(ours, *arguments).result()
        rows.append(row)
    return rows


@contextmanager
def served(folder: Path, trials: Sequence[Trial]) -> Iterator[App]:
    """An application with these sinks."""
    folder.mkdir()
    environment = {name: value for one in trials for name, value in one.environment.items()}
    with Process(folder / "data", environment=environment, forked=False) as process:
        yield App(process)


def lag(one: App, names: Sequence[str], seconds: float) -> dict[str, float]:
    """Seconds of each sink's lag while changes are written; and the rate that was reached."""
    engine = find_running(one.process.data_dir)
    assert engine is not None
    changes = int(RATE * seconds)
    writers = Writers(engine.url, changes, THREADS, pause=THREADS / RATE, prefix="lag")
    began = time.monotonic()
    writers.start()
    seen: dict[str, list[float]] = {name: [] for name in names}
    while writers.running:
        for sink in httpx.get(f"{one.process.url}/v1/sinks").json()["items"]:
            if sink["name"] in seen:
                seen[sink["name"]].append(sink["lag_seconds"])
        time.sleep(0.25)
    rate = changes / (time.monotonic() - began)
    return {name: percentile(found, 0.99) for name, found in seen.items()} | {"rate": rate}


def measure(folder: Path, names: Sequence[str], given: argparse.Namespace) -> dict[str, Any]:
    """Everything, as figures."""
    figures: dict[str, Any] = {"catch_up": {}}
    for name in names:
        rows = catch_up(folder, name, given.events, given.rounds)
        figures["catch_up"][name] = median_of(rows)
        ratios = [row["ours"] / row["bare"] for row in rows]
        figures["catch_up"][name]["ratio"] = statistics.median(ratios)
    if given.catch_up:
        return figures
    with ExitStack() as opened:
        cores = os.sched_getaffinity(0)
        # The targets inherit one core: real ones run on other machines.
        os.sched_setaffinity(0, {max(cores)})
        trials = []
        for name in names:
            (folder / f"target-{name}").mkdir()
            trials.append(opened.enter_context(trial_of(name)(folder / f"target-{name}")))
        os.sched_setaffinity(0, cores)
        apps = {
            "none": opened.enter_context(served(folder / "none", [])),
            "sinks": opened.enter_context(served(folder / "sinks", trials)),
        }
        figures["live"] = live(apps, Lengths(turn=given.seconds, turns=given.turns))
        sinks = sorted({one.sink for one in trials})
        figures["lag"] = lag(apps["sinks"], sinks, given.seconds)
    return figures


def lines_of(figures: Mapping[str, Any]) -> list[str]:
    """The figures as text."""
    first = [
        "events per second when catching up",
        *(
            f"{name:<12} {row['ours']:>8.0f}   bare loop {row['bare']:>8.0f}   {row['ratio']:.2f}"
            for name, row in figures["catch_up"].items()
        ),
    ]
    if "live" not in figures:
        return first
    rows = figures["live"]
    return [
        *first,
        "",
        "milliseconds from a REST write to its event",
        *(
            f"{name:<12} p50 {row['p50']:>6.2f}   p99 {row['p99']:>6.2f}"
            for name, row in rows.items()
        ),
        "",
        f"p99 of the lag in seconds at {figures['lag']['rate']:.0f} changes per second",
        *(f"{name:<12} {value:>6.2f}" for name, value in figures["lag"].items() if name != "rate"),
    ]


def main() -> int:
    """Return 0 if the requirements are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TRIALS)}; all")
    parser.add_argument("--events", type=int, default=20_000, help="to catch up with")
    parser.add_argument("--rounds", type=int, default=3, help="of catching up")
    parser.add_argument("--turns", type=int, default=6, help="of the live feed")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a turn")
    parser.add_argument("--catch-up", action="store_true", help="measure nothing else")
    parser.add_argument("--quick", action="store_true", help="a short run that proves nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.events, given.rounds, given.turns, given.seconds = 2_000, 1, 2, 3.0
    names = given.names or list(TRIALS)
    if unknown := set(names) - set(TRIALS):
        parser.error(f"no sink is named {', '.join(sorted(unknown))}")
    about = conditions()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), names, given)
    required = [
        Requirement(f"{name} / bare loop", row["ratio"], CATCH_UP, at_least=True)
        for name, row in figures["catch_up"].items()
    ]
    if "live" in figures:
        ratio = figures["live"]["sinks"]["p99"] / figures["live"]["none"]["p99"]
        required.append(Requirement("p99 with sinks / without", ratio, LIVE_P99, at_least=False))
    return finish(about, lines_of(figures), figures, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
