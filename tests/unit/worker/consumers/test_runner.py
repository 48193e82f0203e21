"""How a runner reads, and what it saves when it leaves."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from app.core.events import ChangeEvent
from app.store.coordination.hold import Unleased
from app.store.coordination.leases import Lease
from app.store.coordination.sink_row import SINK, SinkRow
from app.store.feed.cursor import Cursor, before
from app.store.timeline.batch import Batch, Entry
from app.store.timeline.position import Position
from tests.unit.store.timeline.building import cursor, event
from worker.consumers.process_parts import Shared, SinkPlan
from worker.consumers.runner import READ, SETTLES_MS, Runner
from worker.consumers.sink import Rejected, Sink

T = 10_000_000  # ms


class BusyTail:
    """A timeline with a backlog, in a process that constantly publishes."""

    def __init__(self, events: int, whole_at: int = T + 60_000) -> None:
        self.passes = 0
        self.whole_at = whole_at
        self.limits: list[int] = []
        self._hints = 0
        self._entries = [Entry(cursor(T + n), event(f"p{n}")) for n in range(events)]
        newest = cursor(T + events - 1)
        self.recent = SimpleNamespace(base=newest, settled=newest, newest=newest)

    @property
    def hints(self) -> int:
        self._hints += 1
        return self._hints

    def refresh(self, _seen: int, _hints: int) -> int:
        self.passes += 1
        return self.passes

    def read(self, position: Position, limit: int, busy: Callable[[Cursor], bool]) -> Batch:
        self.limits.append(limit)
        left = (
            one for one in self._entries if not position.has(one.cursor) and not busy(one.cursor)
        )
        return Batch([entry for entry, _ in zip(left, range(limit), strict=False)])

    def count_after(self, _position: Position) -> int:
        return 0

    def is_far(self, _position: Position) -> bool:
        return False


class Unread:
    """A timeline whose end has not been read yet."""

    passes = hints = 0

    @property
    def recent(self) -> Any:
        raise RuntimeError("the end of the timeline has not been read yet")


def a_runner(tail: Any, deliver: Any, clock: Any = None, poll: float = 5.0) -> Runner:
    nothing: Any = SimpleNamespace(save=lambda *_: None)
    return Runner(
        Sink("archive", deliver, clock=clock, poll=poll),
        Shared(tail, nothing, nothing, lambda _: None, SinkPlan()),
        Lease("stockpulse", SINK, "archive", "me", 1),
        SinkRow("archive", owner="me", counter=1, cursor=before(T)),
        Unleased(),
        lambda: None,
        threading.Event(),
    )


def test_a_backlog_is_read_without_a_pass_per_batch() -> None:
    tail, got, done = BusyTail(4 * READ + 1), list[str](), threading.Event()

    def deliver(events: list[ChangeEvent]) -> list[Rejected]:
        got.extend(one.id for one in events)
        if len(got) == 4 * READ + 1:
            done.set()
        return []

    runner = a_runner(tail, deliver)
    thread = threading.Thread(target=runner.run)
    thread.start()
    assert done.wait(15)
    passes = tail.passes
    runner.leave()
    thread.join(15)
    assert passes <= 3
    assert tail.limits[:2] == [READ, 2 * READ], "larger reads, while their events are small"


def test_time_passes_for_a_sink_only_up_to_the_first_event_that_waits() -> None:
    delivered, told, passed = threading.Event(), list[int](), threading.Event()

    def deliver(_events: list[ChangeEvent]) -> list[Rejected]:
        delivered.wait(15)
        return []

    def clock(until: int) -> float:
        told.append(until)
        passed.set()
        return 0.0

    runner = a_runner(BusyTail(1), deliver, clock)
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    assert passed.wait(15)
    assert set(told) == {T}
    delivered.set()
    runner.leave()
    thread.join(15)


def test_time_passes_for_a_sink_only_up_to_what_the_last_whole_pass_has_read() -> None:
    """Another process may have published since, and this one is not told."""
    told, passed = list[int](), threading.Event()

    def clock(until: int) -> float:
        told.append(until)
        passed.set()
        return 60.0

    runner = a_runner(BusyTail(0, whole_at=T + 20_000), list, clock)
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    assert passed.wait(15)
    runner.leave()
    thread.join(15)
    assert told == [T + 20_000 - SETTLES_MS]


def test_a_clock_that_fails_is_reported_and_called_again_while_events_are_delivered() -> None:
    delivered, calls, again = threading.Event(), list[str](), threading.Event()

    def deliver(_events: list[ChangeEvent]) -> list[Rejected]:
        delivered.set()
        return []

    def clock(_until: int) -> float:
        calls.append(runner.trouble)
        if len(calls) > 1:
            again.set()
        raise ValueError("broken")

    runner = a_runner(BusyTail(1), deliver, clock, poll=0.05)
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    assert again.wait(15)
    assert delivered.wait(15)
    runner.leave()
    thread.join(15)
    assert "ValueError: broken" in calls


def test_a_sink_that_is_given_up_before_its_first_turn_saves_nothing() -> None:
    """Nothing was read or delivered yet (found by the state machine)."""
    runner = a_runner(Unread(), list)
    runner.leave()
    runner.run()
