"""A delayed batch gets a new stamp, or is dropped if its lease is lost."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, Arrived
from app.store.coordination.leases import LeaseLost
from tests.support.builders import (
    STAMPS,
    STREAM_ARN,
    a_cursor,
)
from tests.unit.worker.pipeline.steps import Steps, put
from worker.effects.audit_writer import STAMP_LIFE, AuditWriter
from worker.pipeline.pipeline import Pipeline


@pytest.fixture
def steps() -> Steps:
    return Steps()


class SlowAudit:
    """An audit whose first calls are slow."""

    def __init__(self, *seconds: float) -> None:
        self.now = 0.0
        self._seconds = list(seconds)
        self.calls: list[str] = []

    def monotonic(self) -> float:
        return self.now

    def append(self, events: Sequence[ChangeEvent]) -> Appended:
        return Appended(self._done("append", events), [])

    def restamp(self, events: Sequence[ChangeEvent]) -> list[Arrived]:
        return self._done("restamp", events)

    def _done(self, call: str, events: Sequence[ChangeEvent]) -> list[Arrived]:
        self.calls.append(call)
        self.now += self._seconds.pop(0) if self._seconds else 0
        return [(a_cursor(len(self.calls)), event) for event in events]


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [
        ([STAMP_LIFE], ["append"]),
        ([STAMP_LIFE + 0.1], ["append", "restamp"]),
        ([60, 60], ["append", "restamp", "restamp"]),
    ],
)
def test_a_batch_delayed_for_longer_than_its_stamp_lives_gets_a_new_row(
    steps: Steps, seconds: list[float], calls: list[str]
) -> None:
    audit = SlowAudit(*seconds)
    sink = AuditWriter(audit, Retry(threading.Event()), audit.monotonic)  # type: ignore[arg-type]
    published: list[Arrived] = []
    pipeline = Pipeline(
        sink,
        lambda arrived, _hold: published.extend(arrived),
        steps,  # type: ignore[arg-type]
        Retry(threading.Event()),
        STAMPS,
    )
    pipeline.process([put("a")], STREAM_ARN)
    assert audit.calls == calls
    assert [cursor for cursor, _ in published] == [a_cursor(len(calls))]


class Held:
    """A lease that can be lost, and counts its checks."""

    def __init__(self, *, lost: bool = False) -> None:
        self.checks = 0
        self._lost = lost

    def check(self) -> None:
        self.checks += 1
        if self._lost:
            raise LeaseLost

    def condition(self) -> dict[str, Any] | None:
        return None


def late_pipeline(steps: Steps, published: list[Arrived], dropped: list[str]) -> Pipeline:
    """A pipeline whose audit takes a minute at its first attempt."""
    audit = SlowAudit(60)
    sink = AuditWriter(
        audit,  # type: ignore[arg-type]
        Retry(threading.Event()),
        audit.monotonic,
        drop_stamps=lambda: dropped.append("dropped"),
    )
    retry = Retry(threading.Event())
    return Pipeline(
        sink,
        lambda arrived, _hold: published.extend(arrived),
        steps,  # type: ignore[arg-type]
        retry,
        STAMPS,
    )


def test_a_late_batch_checks_its_lease_before_it_is_stamped_again(steps: Steps) -> None:
    published: list[Arrived] = []
    hold = Held()
    late_pipeline(steps, published, []).process([put("a")], STREAM_ARN, hold)
    assert (hold.checks, len(published)) == (1, 1)


def test_a_late_batch_whose_lease_is_lost_is_dropped(steps: Steps) -> None:
    published: list[Arrived] = []
    dropped: list[str] = []
    with pytest.raises(LeaseLost):
        late_pipeline(steps, published, dropped).process([put("a")], STREAM_ARN, Held(lost=True))
    assert (published, dropped) == ([], ["dropped"])
