"""A sink's lag is at least what the timeline shows, even if no worker reports it. Pure.

A worker saves the lag with the cursor. After the worker has died, or while the sink is paused, that
report is out of date: the lag has grown, and events may have arrived since.
"""

from dataclasses import dataclass
from datetime import datetime

from app.store.coordination.sink_row import SinkRow

# Seconds. A worker at the head saves its cursor at once after a delivery, but only every 60 s if
# its filter skipped all events.
REPORTED = 90.0


@dataclass(frozen=True, slots=True)
class Unseen:
    """The events that arrived after the last row that the worker had read when it saved.

    `first_ms` is the stamp of the first one; `events` is their number, counted up to a limit.
    """

    first_ms: int
    events: int


@dataclass(frozen=True, slots=True)
class SinkView:
    """A sink's row and its current lag.

    `lag_seconds`: the time since the first undelivered event arrived. `lag_events`: the number of
    waiting events, counted up to a limit; events that the sink's filter will skip count until a
    worker has read them.
    """

    row: SinkRow
    lag_seconds: float
    lag_events: int

    @property
    def paused_itself(self) -> bool:
        """Whether the sink paused because of its receiver, not by an administrator."""
        return self.row.state == "paused" and self.row.paused_by is None


def is_reported(row: SinkRow, now_ms: int) -> bool:
    """Whether the sink runs and was saved so recently that newer events do not count as lag."""
    return (
        row.state == "running"
        and row.saved_at is not None
        and _age(row.saved_at, now_ms) <= REPORTED
    )


def view_of(row: SinkRow, unseen: Unseen | None, now_ms: int) -> SinkView:
    """The sink with its lag at `now_ms`; `unseen` is None if nothing has arrived since the save."""
    seconds, events = row.health.lag_seconds, row.health.lag_events
    if events and row.saved_at is not None:
        seconds += _age(row.saved_at, now_ms)
    if unseen is not None:
        waited = (now_ms - unseen.first_ms) / 1000
        may_be_on_its_way = row.state == "running" and row.saved_at is not None
        if waited > REPORTED or not may_be_on_its_way:
            seconds = max(seconds, waited)
            events += unseen.events
    return SinkView(row, seconds, events)


def _age(saved_at: str, now_ms: int) -> float:
    return max(0.0, now_ms / 1000 - datetime.fromisoformat(saved_at).timestamp())
