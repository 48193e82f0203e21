"""The live run keeps its rate, retries during outages, and skips changes that fail."""

from collections.abc import Iterator
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InsufficientStock, StoreUnavailable
from app.demo.live import Plan
from app.demo.runner import DemoShop
from app.demo.simulation.change import Change
from app.demo.simulation.shop import changes, monday_morning

ZONE = ZoneInfo("UTC")


class Counter:
    """Stands in for the products; counts writes, and raises the given errors."""

    def __init__(self, stop_after: int, stop: Event, failures: list[Exception]) -> None:
        self.writes: list[str] = []
        self._stop_after = stop_after
        self._stop = stop
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        def write(*given: Any) -> None:
            self.writes.append(name)
            if len(self.writes) >= self._stop_after:
                self._stop.set()
            if self._failures:
                raise self._failures.pop(0)

        return write


class Pauses(Event):
    """An event whose waits take no time but are recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return self.is_set()


def shop() -> Iterator[Change]:
    return changes(1, monday_morning(ZONE), ZONE)


def run(writes: int, failures: list[Exception], rate: float = 5.0) -> tuple[Counter, Pauses]:
    stop = Pauses()
    products = Counter(writes, stop, failures)
    clock = iter(range(10**9))
    plan = Plan(shop(), rate)
    plan.run(products, stop, lambda: next(clock) * 0.0)  # type: ignore[arg-type]
    return products, stop


def test_opening_has_no_delay_and_later_changes_keep_the_rate() -> None:
    products, stop = run(320, [])
    assert products.writes[:220] == ["create"] * 220
    assert stop.waited[:220] == [0.0] * 220
    # The clock stands still, so the last wait is the sum of all intervals.
    assert stop.waited[-1] == pytest.approx((320 - 220) / 5, rel=0.2)


def test_failed_change_is_skipped_and_takes_little_time() -> None:
    products, stop = run(320, [InsufficientStock("none left")] * 320)
    assert len(products.writes) == 320
    assert stop.waited[-1] == pytest.approx((320 - 220) / 50, rel=0.2)


def test_change_is_retried_during_an_outage() -> None:
    products, _ = run(4, [StoreUnavailable("down"), StoreUnavailable("down")])
    assert products.writes == ["create"] * 4


def test_stopped_shop_continues_after_its_last_change() -> None:
    """No change is lost or repeated between two runs."""
    plan, seen = Plan(shop(), 1000.0), []

    class Names(Counter):
        def __getattr__(self, name: str) -> Any:
            def write(first: Any, *rest: Any) -> None:
                seen.append(getattr(first, "product_id", first))
                if len(seen) in {100, 200}:
                    self._stop.set()

            return write

    for _ in range(2):
        stop = Event()
        plan.run(Names(0, stop, []), stop)  # type: ignore[arg-type]
    assert seen == [change.product_id for change, _ in zip(shop(), range(200), strict=False)]


def test_only_one_shop_runs_at_a_time() -> None:
    stop = Event()
    with DemoShop(Counter(10**9, stop, []), Plan(shop(), 1.0)) as demo:  # type: ignore[arg-type]
        assert not demo.running()
        demo.start()
        thread = demo._thread  # noqa: SLF001 - the test is about this thread
        demo.start()
        assert demo._thread is thread  # noqa: SLF001
        assert demo.running()
        demo.stop()
        assert not demo.running()
        demo.start()
        assert demo.running()
    assert not demo.running()
