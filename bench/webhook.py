"""A webhook does not slow the live feed, keeps up with a slow receiver, and drains its backlog.

Four `stockpulse serve`, each on an embedded engine of its own, are loaded in turns: without a
webhook, and with a receiver that answers, hangs or fails.

    .venv/bin/python bench/webhook.py
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.store.engine import find_running
from bench.latency import WriteTimer
from bench.support.report import Requirement, conditions, finish, median_of, percentile
from tests.faults.hook import Behaviour, Receiver
from tests.faults.writers import Writers
from tests.support.processes.process import Process

LIVE_RATE, CPU_RATE, SLOW_RATE = 50, 200, 50  # changes per second
SLOW = 0.1  # seconds per call
LIVE_LIMIT, LAG_LIMIT = 1.3, 3.0
THREADS = 8
PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Lengths:
    """How much is measured."""

    turn: float = 10.0  # seconds
    turns: int = 6
    slow: float = 30.0  # seconds at a slow receiver
    backlog: int = 5_000  # changes


@dataclass(frozen=True)
class App:
    """An application, and its receiver if it has a webhook."""

    process: Process
    receiver: Receiver | None = None

    @property
    def cpu(self) -> float:
        """CPU seconds that the application has used, without its engine."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def write(self, changes: int, rate: float | None, prefix: str = "w") -> Writers:
        """Write changes at `rate` per second, or as fast as the engine accepts them (None)."""
        engine = find_running(self.process.data_dir)
        assert engine is not None
        pause = THREADS / rate if rate else 0.0
        writers = Writers(engine.url, changes, THREADS, pause=pause, prefix=prefix)
        writers.start()
        writers.join(PATIENCE)
        return writers


@contextmanager
def app(folder: Path, behaviour: Behaviour | None) -> Iterator[App]:
    """Run an application; `behaviour` is its receiver's, None means no webhook."""
    folder.mkdir()
    with ExitStack() as opened:
        receiver = None if behaviour is None else opened.enter_context(Receiver(folder / "hook"))
        if receiver is not None and behaviour is not None:
            receiver.set_behaviour(behaviour)
        environment = {} if receiver is None else receiver.environment
        process = opened.enter_context(
            Process(folder / "data", environment=environment, forked=False)
        )
        yield App(process, receiver)


def live(apps: Mapping[str, App], lengths: Lengths) -> dict[str, dict[str, float]]:
    """Milliseconds from a REST write to its event, and of CPU per write, by application.

    They are medians of the turns.
    """
    for one in apps.values():
        body = {"product_id": "P1", "name": "Kettle", "stock": 10**6, "category": "Kitchen"}
        httpx.post(f"{one.process.url}/v1/products", json=body).raise_for_status()
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in apps}
    for number in range(lengths.turns):
        # In alternating order, so that other load affects all of them equally.
        for name in list(apps)[:: 1 if number % 2 else -1]:
            used = apps[name].cpu
            times = turn(WriteTimer(apps[name].process.port), lengths.turn)
            rows[name].append(
                {
                    "p50": statistics.median(times),
                    "p99": percentile(times, 0.99),
                    "live_cpu": (apps[name].cpu - used) / len(times) * 1000,
                }
            )
    return {name: median_of(row) for name, row in rows.items()}


def turn(timer: WriteTimer, seconds: float) -> list[float]:
    """Milliseconds from each write to its event, at a steady rate."""
    times = []
    due = time.perf_counter()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        times.append(timer.adjust("P1")[1])
        due = max(due + 1 / LIVE_RATE, time.perf_counter())
    return times


def processor(apps: Mapping[str, App], lengths: Lengths) -> dict[str, float]:
    """Milliseconds of CPU per change, by application; medians of the turns."""
    rows: dict[str, list[float]] = {name: [] for name in apps}
    changes = int(lengths.turn * CPU_RATE)
    for number in range(lengths.turns // 2):
        for name, one in apps.items():
            used = one.cpu
            one.write(changes, CPU_RATE, prefix=f"r{number}w")
            time.sleep(2)  # a sink lags by about a second
            rows[name].append((one.cpu - used) / changes * 1000)
    return {name: statistics.median(row) for name, row in rows.items()}


def slow(folder: Path, lengths: Lengths) -> list[float]:
    """Seconds from each write to its acceptance by a receiver that takes 100 ms a call."""
    with app(folder, Behaviour(delay=SLOW)) as one:
        assert one.receiver is not None
        changes = int(lengths.slow * SLOW_RATE)
        writers = one.write(changes, SLOW_RATE)
        wait_for(one.receiver, writers.written)
        accepted = one.receiver.accepted().values()
        return [answer.at - writers.begun[answer.product, answer.stock] for answer in accepted]


def drain(folder: Path, lengths: Lengths) -> float:
    """Seconds until a backlog has reached a receiver that was down and now answers at once."""
    with app(folder, Behaviour(status=503, headers={"Retry-After": "1"})) as one:
        assert one.receiver is not None
        writers = one.write(lengths.backlog, None)
        time.sleep(15)  # all of it is in the feed by then, and most of it settled
        one.receiver.set_behaviour(Behaviour())
        began = time.perf_counter()
        wait_for(one.receiver, writers.written)
        return time.perf_counter() - began


def wait_for(receiver: Receiver, changes: int) -> None:
    """Wait until this many changes are accepted."""
    deadline = time.monotonic() + PATIENCE
    while len(receiver.accepted()) < changes:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(receiver.accepted())} of {changes} were accepted")
        time.sleep(0.1)


def measure(folder: Path, lengths: Lengths) -> tuple[dict[str, dict[str, float]], list[float]]:
    """(Cost by application, seconds of lag of each change at the slow receiver)."""
    with (
        app(folder / "none", None) as none,
        app(folder / "well", Behaviour()) as well,
        app(folder / "hangs", Behaviour(hangs=True)) as hangs,
        app(folder / "fails", Behaviour(status=500)) as fails,
    ):
        apps = {"none": none, "well": well, "hangs": hangs, "fails": fails}
        times = live(apps, lengths)
        used = processor(apps, lengths)
    rows = {name: times[name] | {"cpu": used[name]} for name in apps}
    return rows, slow(folder / "slow", lengths)


def main() -> int:
    """Return 0 if the requirements are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short run that proves nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    lengths = Lengths(5.0, 2, 10.0, 1_000) if given.quick else Lengths()
    about = conditions()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, lags = measure(folder, lengths)
        seconds = drain(folder / "drain", lengths)
    measured = {
        "webhooks": rows,
        "slow_lag_s": {"p50": statistics.median(lags), "max": max(lags), "last": lags[-1]},
        "drain_s": seconds,
    }
    return finish(
        about,
        lines_of(rows, lags, lengths.backlog, seconds),
        measured,
        required(rows, lags),
        as_json=given.json,
    )


def lines_of(
    rows: Mapping[str, Mapping[str, float]], lags: Sequence[float], backlog: int, seconds: float
) -> list[str]:
    """The figures as text."""
    labels = {
        "none": "no webhook",
        "well": "receiver answers",
        "hangs": "receiver hangs",
        "fails": "receiver answers 500",
    }
    none = rows["none"]
    return [
        f"milliseconds from REST write to event, and CPU, at {LIVE_RATE}/s | CPU at {CPU_RATE}/s",
        *(
            f"{labels[name]:<20} p50 {row['p50']:>6.2f}   p99 {row['p99']:>6.2f}"
            f"   CPU {row['live_cpu']:>5.2f} ({row['live_cpu'] / none['live_cpu']:.2f} of none)"
            f" | CPU {row['cpu']:>5.2f} ({row['cpu'] / none['cpu']:.2f} of none)"
            for name, row in rows.items()
        ),
        (
            f"seconds from write to a receiver of {SLOW * 1000:.0f} ms per call at {SLOW_RATE}/s: "
            f"p50 {statistics.median(lags):.2f}, p99 {percentile(lags, 0.99):.2f}, "
            f"last {lags[-1]:.2f}"
        ),
        f"backlog of {backlog} events drained in {seconds:.1f} s: {backlog / seconds:.0f} events/s",
    ]


def required(rows: Mapping[str, Mapping[str, float]], lags: Sequence[float]) -> list[Requirement]:
    """A sink must not slow the live feed, and a slow one must keep up."""
    none = rows["none"]["p99"]
    found = [
        (f"p99 {name} / none", rows[name]["p99"] / none, LIVE_LIMIT)
        for name in ("well", "hangs", "fails")
    ]
    found.append(("p99 lag in seconds", percentile(lags, 0.99), LAG_LIMIT))
    return [Requirement(*one, at_least=False) for one in found]


if __name__ == "__main__":
    raise SystemExit(main())
