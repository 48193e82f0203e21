"""A restart serves its first page as fast with a long history as without; a full page is cheap.

Measures the time from the process's start to the first 200 of `GET /`, in turn for an empty and a
full store. Then requests the page over one connection: with 200 changes, and of the empty store.

    .venv/bin/python bench/start.py --events 1000000
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.store.dynamodb.table_names import table_names
from bench.support.past import write_past
from bench.support.report import Requirement, conditions, finish, median_of
from tests.support.processes.process import Process

START_LIMIT, PAGE_LIMIT = 1.5, 5.0
PAGES = 40  # requests per store and round
PATIENCE = 60.0  # seconds to wait for the first page


def first_page(process: Process) -> float:
    """Seconds from the process's start to its first page."""
    begun = time.perf_counter()
    process.start(ready=False)
    while time.perf_counter() - begun < PATIENCE:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", process.port)) as connection:
                if _page(connection):
                    return time.perf_counter() - begun
        except ConnectionError:
            time.sleep(0.005)
    raise RuntimeError(f"no page after {PATIENCE} s: {process.output}")


def page_ms(process: Process) -> tuple[float, int]:
    """(Median milliseconds per page, its compressed size in bytes)."""
    took, size = [], 0
    with closing(http.client.HTTPConnection("127.0.0.1", process.port)) as connection:
        for _ in range(PAGES):
            begun = time.perf_counter()
            size = _page(connection)
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000, size


def _page(connection: http.client.HTTPConnection) -> int:
    """Bytes of the page's body; 0 if the status is not 200."""
    connection.request("GET", "/", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    return len(body) if answer.status == 200 else 0


@contextmanager
def stopped(process: Process) -> Iterator[Process]:
    """The process, stopped at the end of the block."""
    try:
        yield process
    finally:
        process.stop()


def measure(folder: Path, events: int, rounds: int) -> list[dict[str, float]]:
    """One row per round."""
    stores = {"empty": 0, "full": events}
    processes = {}
    for name, past in stores.items():
        (folder / name).mkdir()
        processes[name] = process = Process(folder / name / "data", forked=False)
        with process:  # creates the tables
            pass
        write_past(process.data_dir / "engine.db", table_names("", None), past)
        with process:  # fills the operating system's file cache, for both stores
            pass
    rows = []
    for _ in range(rounds):
        row: dict[str, float] = {}
        for name, process in processes.items():
            with stopped(process):
                row[f"{name}_start_s"] = first_page(process)
                row[f"{name}_page_ms"], row[f"{name}_page_bytes"] = page_ms(process)
        rows.append(row)
    return rows


def main() -> int:
    """Return 0 if the required ratios hold, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000, help="events in the history")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="10,000 events, one round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.events, given.rounds = 10_000, 1
    about = conditions()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), given.events, given.rounds)
    found = median_of(rows)
    lines = [
        f"medians of {given.rounds} rounds",
        "                       first page, s     page, ms   compressed bytes",
        *(
            f"{label:<22} {found[f'{name}_start_s']:>13.2f} {found[f'{name}_page_ms']:>12.1f}"
            f" {found[f'{name}_page_bytes']:>18,.0f}"
            for name, label in (("empty", "no events"), ("full", f"{given.events:,} events"))
        ),
    ]
    required = [
        Requirement(
            name,
            statistics.median(row[f"full_{figure}"] / row[f"empty_{figure}"] for row in rows),
            limit,
            at_least=False,
        )
        for name, figure, limit in (
            ("first page with a history / without", "start_s", START_LIMIT),
            ("page of 200 changes / empty page", "page_ms", PAGE_LIMIT),
        )
    ]
    return finish(about, lines, {"rounds": rows}, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
