"""A thousand live streams reach half a bare server's throughput and ten times the usual design's.

Each server is a process of its own, and so are its clients. At saturation the publisher stays a
bounded number of events ahead of the clients; at the modest rate it publishes one event at a time.
Rounds of the three servers alternate.

    .venv/bin/python bench/feed.py
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.support.report import Requirement, conditions, finish, median_of

SUPPORT = Path(__file__).with_name("support")
KINDS = ("stockpulse", "bare", "queues")
MODEST = 5_000  # deliveries a second


class Child:
    """A process that takes commands and answers in lines."""

    def __init__(self, script: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SUPPORT / script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, line: str) -> None:
        """Send it a line."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def receive(self) -> str:
        """Wait for its next line."""
        line: str = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended")
        return line.strip()

    def end(self) -> None:
        """Terminate it, and kill it if it does not exit within 15 s."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Clients:
    """The clients' running counts, read in a thread."""

    def __init__(self, child: Child) -> None:
        self.frames, self.ended, self.cpu = 0, 0, 0.0
        self._child = child
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        try:
            while True:
                self.frames, self.ended, self.cpu = json.loads(self._child.receive())
        except (RuntimeError, ValueError):
            return


@contextmanager
def ended(child: Child) -> Iterator[Child]:
    """The child, ended with the block."""
    try:
        yield child
    finally:
        child.end()


def measure(kind: str, given: argparse.Namespace) -> dict[str, float]:
    """Measure one round of one server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ended(Child("feed_server.py", kind, folder)) as server,
    ):
        port = server.receive()
        with ended(Child("feed_clients.py", port, 1)) as one:
            one.receive()  # leaves out what only the first connection costs
            time.sleep(1)
            before = usage(server)
            with ended(Child("feed_clients.py", port, given.connections)) as many:
                many.receive()
                time.sleep(1)
                kib = (usage(server)["kib"] - before["kib"]) / given.connections
                clients = Clients(many)
                modest = at_modest_rate(server, clients, given)
                return {"kib_each": kib} | modest | saturated(server, clients, given)


def usage(server: Child) -> dict[str, float]:
    """CPU seconds and KiB of memory of a server so far."""
    server.send("usage")
    answer: dict[str, float] = json.loads(server.receive())
    return answer


def at_modest_rate(server: Child, clients: Clients, given: argparse.Namespace) -> dict[str, float]:
    """CPU seconds for 100,000 deliveries at 5,000 per second, less the cost of idling."""
    begun = usage(server)["cpu_s"]
    time.sleep(given.idle)
    idle = (usage(server)["cpu_s"] - begun) / given.idle
    rate = MODEST / given.connections
    frames, begun = clients.frames, usage(server)["cpu_s"]
    server.send(f"pace {rate} {given.seconds}")
    spent = usage(server)["cpu_s"] - begun - idle * given.seconds
    time.sleep(1)
    delivered = clients.frames - frames
    expected = int(rate * given.seconds) * given.connections
    if delivered < expected:
        raise RuntimeError(f"only {delivered} of {expected} deliveries arrived")
    return {"cpu_s_per_100k": spent / delivered * 1e5, "idle_cpu": idle}


def saturated(server: Child, clients: Clients, given: argparse.Namespace) -> dict[str, float]:
    """Deliveries per second while there is always more to send."""
    published, first = 0, clients.frames
    marks: list[tuple[float, int, float, float]] = []
    warm = time.perf_counter() + given.warm_up
    end = warm + given.seconds
    while True:
        now = time.perf_counter()
        got = (clients.frames - first) / given.connections
        if published - got <= given.window / 2:
            server.send(f"publish {given.window // 2}")
            published += given.window // 2
        if now >= (end if marks else warm):
            marks.append((now, clients.frames, usage(server)["cpu_s"], clients.cpu))
        if len(marks) == 2:
            break
        time.sleep(0.002)
    if clients.ended:
        raise RuntimeError(f"{clients.ended} streams ended under load")
    (t0, f0, s0, c0), (t1, f1, s1, c1) = marks
    return {
        "per_s": (f1 - f0) / (t1 - t0),
        "server_busy": (s1 - s0) / (t1 - t0),
        "clients_busy": (c1 - c0) / (t1 - t0),
    }


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="length of each measurement")
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--idle", type=float, default=3)
    parser.add_argument("--window", type=int, default=480, help="most events ahead of the clients")
    parser.add_argument("--kinds", default=",".join(KINDS), help="servers to measure")
    parser.add_argument("--quick", action="store_true", help="100 connections, one short round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.connections, given.rounds, given.seconds = 100, 1, 2.0
        given.warm_up, given.idle, given.window = 0.5, 2.0, 4_000
    return given


def main() -> int:
    """Return 0 if the required ratios hold, else 1."""
    given, about = arguments(), conditions()
    rows: dict[str, list[dict[str, float]]] = {kind: [] for kind in given.kinds.split(",")}
    for _ in range(given.rounds):
        for kind, found in rows.items():
            found.append(measure(kind, given))
    medians = {kind: median_of(found) for kind, found in rows.items()}
    lines = [
        f"medians of {given.rounds} rounds with {given.connections} connections",
        "              deliveries/s   a CPU s   CPU s/100k   KiB each   busy: server, clients",
        *(
            f"{kind:<12} {row['per_s']:>13,.0f} {row['per_s'] / row['server_busy']:>9,.0f}"
            f" {row['cpu_s_per_100k']:>12.2f}"
            f" {row['kib_each']:>10.0f} {row['server_busy']:>10.0%} {row['clients_busy']:>8.0%}"
            for kind, row in medians.items()
        ),
    ]
    required = [
        Requirement(
            f"feed / {kind}",
            statistics.median(
                mine["per_s"] / baseline["per_s"]
                for mine, baseline in zip(rows["stockpulse"], rows[kind], strict=True)
            ),
            limit,
            at_least=True,
        )
        for kind, limit in (("bare", 0.5), ("queues", 10.0))
        if kind in rows and "stockpulse" in rows
    ]
    return finish(about, lines, {"rounds": rows}, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
