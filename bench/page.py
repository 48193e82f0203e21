"""The Live page stays usable and small under a flood of changes, and cheap at an ordinary pace.

Live and Products are visited in a browser that has nothing of them, and again. Then recorded
changes are replayed to the real page in Chromium: at 1,000 a second for a minute, then so many that
memory can be compared, then 20 a second with a full list. The floor of the frame rate is the same
page without changes. Last, 200 changes a second are written to a real server's table by another
program and timed until the page's next frame.

    .venv/bin/python bench/page.py
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, Page, sync_playwright

from app.store.engine import find_running
from bench.support.browser.visits import Visits, visits
from bench.support.report import Requirement, conditions, finish, percentile
from bench.support.store import bare
from tests.support.processes.process import Process
from tests.support.replay.page_events import record_streams
from tests.support.replay.trial import Meter, Replayed, replaying, sell_and_record
from tests.support.waiting import until

FLOOD = 1_000  # changes a second
ORDINARY = 20
WRITTEN = 200  # changes a second, end to end
AT_ONCE = 10
FIRST_KB, RETURN_KB, INTERACTIVE_MS = 150, 20, 1_000

_PAINTED = """
globalThis.painted = {};
listen({
  onEvents(events) {
    requestAnimationFrame(() => {
      for (const { product_id } of events) painted[product_id] ??= Date.now();
    });
  },
});
"""


@contextmanager
def opened(browser: Browser, url: str, more: str = "") -> Iterator[tuple[Page, Meter]]:
    """The Live page at `url` with a meter and a count of what its stream passes on."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    record_streams(context, more, kept=0)
    page = context.new_page()
    meter = Meter(page)
    page.goto(url + "/", wait_until="load", timeout=120_000)
    until(lambda: page.evaluate("heard.states.includes('live')"), seconds=60)
    try:
        yield page, meter
    finally:
        context.close()


def flood(page: Page, replay: Replayed, rate: float, seconds: float) -> int:
    """Replay changes until the page has received all of them; returns how many so far."""
    replay.begin(rate, seconds)
    sent = replay.sent()
    until(lambda: page.evaluate("heard.count") >= sent, seconds=300)
    return sent


def replayed(page: Page, meter: Meter, replay: Replayed, given: argparse.Namespace) -> dict:
    """Frames, longest task, memory and CPU of the page under replayed changes."""
    with meter.measuring() as idle:
        page.wait_for_timeout(given.seconds * 1000 / 12)
    count = flood(page, replay, FLOOD, given.few / FLOOD)
    small = meter.heap()
    with meter.measuring() as flooded:
        count = flood(page, replay, FLOOD, given.seconds)
        page.wait_for_timeout(300)  # the last flush
    if count < given.many:
        count = flood(page, replay, FLOOD, (given.many - count) / FLOOD)
    large = meter.heap()
    with meter.measuring() as ordinary:
        flood(page, replay, ORDINARY, given.seconds / 2)
    return {
        "idle_frames_per_s": idle[0].frames_per_s,
        "frames_per_s": flooded[0].frames_per_s,
        "longest_ms": flooded[0].longest_ms,
        "busy_at_flood": flooded[0].cpu_s / given.seconds,
        "events": count,
        "heap_few": small,
        "heap_many": large,
        "busy_at_20": ordinary[0].cpu_s / (given.seconds / 2),
        "gaps": page.evaluate("heard.gaps"),
    }


def end_to_end(page: Page, app: Process, seconds: float) -> dict[str, float]:
    """Milliseconds from the end of a batch of writes to the frame after its last event."""
    tables = bare(find_running(app.data_dir).url).tables
    written: dict[str, float] = {}

    def write() -> None:
        due = time.perf_counter()
        for number in range(0, int(seconds * WRITTEN), AT_ONCE):
            names = [f"e2e-{number + n}" for n in range(AT_ONCE)]
            puts = [
                {"PutRequest": {"Item": {"ProductID": {"S": name}, "Stock": {"N": "5"}}}}
                for name in names
            ]
            tables.batch_write_item(RequestItems={"Products": puts})
            written.update(dict.fromkeys(names, time.time() * 1000))
            due += AT_ONCE / WRITTEN
            time.sleep(max(0, due - time.perf_counter()))

    writer = threading.Thread(target=write)
    begun = time.perf_counter()
    writer.start()
    writer.join()
    took = time.perf_counter() - begun
    until(lambda: page.evaluate("Object.keys(painted).length") >= len(written), seconds=120)
    painted = page.evaluate("painted")
    delays = [painted[name] - at for name, at in written.items()]
    return {
        "per_s": len(written) / took,
        "p50_ms": percentile(delays, 0.5),
        "p95_ms": percentile(delays, 0.95),
    }


def bounds(name: str, visit: Visits) -> list[Requirement]:
    """What a visit to a page may cost."""
    return [
        Requirement(f"{name}, {what}", ratio, 1, at_least=False)
        for what, ratio in (
            (f"first visit / {FIRST_KB} kB", visit.first_bytes / 1000 / FIRST_KB),
            (f"return / {RETURN_KB} kB", visit.return_bytes / 1000 / RETURN_KB),
            (f"interactive / {INTERACTIVE_MS} ms", visit.first_ms / INTERACTIVE_MS),
        )
    ]


def main() -> int:
    """Return 0 if the requirements hold, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="length of the flood")
    parser.add_argument("--few", type=int, default=10_000, help="changes at the first memory")
    parser.add_argument("--many", type=int, default=100_000, help="changes at the second memory")
    parser.add_argument("--visits", type=int, default=5, help="pairs of visits to each page")
    parser.add_argument("--quick", action="store_true", help="6 seconds, 20,000 changes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.seconds, given.many = 6, 20_000
    about = conditions()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium")
        )
        with Process(Path(folder) / "data", forked=False) as app:
            with httpx.Client(base_url=app.url, timeout=60) as http:
                sell_and_record(http, Path(folder) / "recorded")
            visited = {
                name: visits(browser, app.url + path, given.visits)
                for name, path in (("Live", "/"), ("Products", "/products"))
            }
            with (
                replaying(app.url, Path(folder) / "recorded") as replay,
                opened(browser, replay.url) as (page, meter),
            ):
                row = replayed(page, meter, replay, given)
            with opened(browser, app.url, _PAINTED) as (page, _):
                written = end_to_end(page, app, given.seconds / 6)
        browser.close()
    lines = [
        *(f"{name}: {one}" for name, one in visited.items()),
        (
            f"1,000 changes a second: {row['frames_per_s']:.1f} frames a second "
            f"({row['idle_frames_per_s']:.1f} without changes), longest task "
            f"{row['longest_ms']:.0f} ms, main thread {row['busy_at_flood']:.0%} of a core"
        ),
        (
            f"memory after {given.few:,} changes {row['heap_few'] / 2**20:.1f} MiB, "
            f"after {row['events']:,} {row['heap_many'] / 2**20:.1f} MiB"
        ),
        f"20 changes a second: main thread {row['busy_at_20']:.1%} of a core",
        (
            f"{written['per_s']:.0f} writes a second → frame: p50 {written['p50_ms']:.0f} ms, "
            f"p95 {written['p95_ms']:.0f} ms"
        ),
    ]
    required = [
        *(one for name, visit in visited.items() for one in bounds(name, visit)),
        Requirement("frames a second / 60", row["frames_per_s"] / 60, 55 / 60, at_least=True),
        Requirement("longest task / 100 ms", row["longest_ms"] / 100, 1, at_least=False),
        Requirement("memory", row["heap_many"] / row["heap_few"], 1.2, at_least=False),
        Requirement("main thread at 20 a second", row["busy_at_20"], 0.2, at_least=False),
        Requirement("gaps", row["gaps"], 0, at_least=False),
    ]
    measured = {
        "visits": {name: asdict(one) for name, one in visited.items()},
        "page": row,
        "written": written,
    }
    return finish(about, lines, measured, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
