"""Recorded changes are replayed to a real page, whose frames, tasks, memory and CPU are measured.

Nothing here knows how a page shows a change.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Page

from tests.support.paths import ROOT

_METER = """
globalThis.meter = { frames: 0, longest: 0 };
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) meter.longest = Math.max(meter.longest, task.duration);
}).observe({ type: "longtask" });
(function count() {
  meter.frames += 1;
  requestAnimationFrame(count);
})();
"""


def sell_and_record(http: httpx.Client, file: Path, products: int = 50) -> None:
    """Make a shop's changes over REST, and record their events in a file."""
    for start in range(products):
        item = {"product_id": f"P{start}", "name": f"Product number {start}", "stock": 1000}
        more = {"category": "Kitchen" if start % 2 else "Toys", "reorder_point": 900}
        http.post("/v1/products", json=item | more).raise_for_status()
    for reason, delta in (("sold", -3), ("received", 40), ("damaged", -1)):
        for number in range(products):
            body = {"delta": delta, "reason": reason, "reference": f"order-{number}"}
            http.post(f"/v1/products/P{number}/adjustments", json=body).raise_for_status()
    events = http.get("/v1/events?limit=200").raise_for_status().json()["items"]
    for event in events:
        del event["cursor"]
    file.write_text("\n".join(json.dumps(event) for event in reversed(events)))


@dataclass
class Replayed:
    """The replaying server."""

    url: str
    _process: "subprocess.Popen[str]"

    def begin(self, rate: float, seconds: float) -> None:
        """Begin to send changes at this rate for so long."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{rate} {seconds}\n")
        self._process.stdin.flush()

    def sent(self) -> int:
        """Wait until all have been sent; returns how many were sent since the server's start."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def replaying(url: str, recorded: Path) -> Iterator[Replayed]:
    """A server with the pages of the application at `url` and the recorded changes."""
    command = [sys.executable, "-m", "tests.support.replay.server", url, str(recorded)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Replayed(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.terminate()


@dataclass(frozen=True)
class Reading:
    """What a page did in a time: `cpu_s` is its main thread's CPU time."""

    frames_per_s: float
    longest_ms: float
    cpu_s: float


class Meter:
    """Measures a page, on which it is put before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.add_init_script(_METER)
        self._control = page.context.new_cdp_session(page)
        self._control.send("Performance.enable", {"timeDomain": "threadTicks"})

    def heap(self) -> float:
        """The bytes in use after what was received has been shown, and a garbage collection."""
        self._page.wait_for_timeout(2600)  # a busy feed shows what waits every 2 seconds
        self._control.send("HeapProfiler.collectGarbage")
        return self._metrics()["JSHeapUsedSize"]

    @contextmanager
    def measuring(self) -> Iterator[list[Reading]]:
        """Measures the block; its reading is appended to the list."""
        found: list[Reading] = []
        self._page.evaluate("meter.frames = meter.longest = 0")
        before, begun = self._metrics(), time.perf_counter()
        yield found
        after, page = self._metrics(), self._page.evaluate("meter")
        seconds = time.perf_counter() - begun
        cpu = after["TaskDuration"] - before["TaskDuration"]
        found.append(Reading(page["frames"] / seconds, page["longest"], cpu))

    def _metrics(self) -> dict[str, float]:
        metrics = self._control.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics}
