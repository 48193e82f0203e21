"""The live run keeps its pace, waits outages out, and leaves out what does not fit."""

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
    """Stands for the products; counts writes, and fails as it is told to."""

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
    """An event whose waits take no time but are remembered."""

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


def test_the_opening_takes_no_pause_and_the_day_keeps_its_rate() -> None:
    products, stop = run(320, [])
    assert products.writes[:220] == ["create"] * 220
    assert stop.waited[:220] == [0.0] * 220
    # The clock stands still, so each wait is until the time that is due by then.
    assert stop.waited[-1] == pytest.approx((320 - 220) / 5, rel=0.2)


def test_what_does_not_fit_is_left_out_and_takes_little_time() -> None:
    products, stop = run(320, [InsufficientStock("none left")] * 320)
    assert len(products.writes) == 320
    assert stop.waited[-1] == pytest.approx((320 - 220) / 50, rel=0.2)


def test_an_outage_is_waited_out_with_the_same_change() -> None:
    products, _ = run(4, [StoreUnavailable("down"), StoreUnavailable("down")])
    assert products.writes == ["create"] * 4


def test_a_stopped_shop_goes_on_where_it_was() -> None:
    """Not one change is lost or doubled between two runs."""
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


def test_one_shop_at_a_time() -> None:
    stop = Event()
    with DemoShop(Counter(10**9, stop, []), Plan(shop(), 1.0)) as demo:  # type: ignore[arg-type]
        assert not demo.running()
        demo.start()
        thread = demo._thread  # noqa: SLF001 - that there is no second one is the point
        demo.start()
        assert demo._thread is thread  # noqa: SLF001
        assert demo.running()
        demo.stop()
        assert not demo.running()
        demo.start()
        assert demo.running()
    assert not demo.running()
