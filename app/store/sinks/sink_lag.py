"""A sink's lag is never less than what the timeline shows, also while no worker reports it. Pure.

A worker saves the lag together with the cursor. Once it has died, or while the sink is paused, that
report is old: the lag has grown since, and events may have arrived after the last row it had read.
"""

from dataclasses import dataclass
from datetime import datetime

from app.store.coordination.sink_row import SinkRow

# Seconds. A worker at the head saves at once what it delivers, but only every 60 s a cursor that
# passed events which its filter refuses.
REPORTED = 90.0


@dataclass(frozen=True, slots=True)
class Unseen:
    """What arrived after the last row that the sink's worker had read when it saved.

    `first_ms` is the stamp of the first event; `events` may be counted up to a limit.
    """

    first_ms: int
    events: int


@dataclass(frozen=True, slots=True)
class SinkView:
    """A sink's row, and how far the sink is behind now.

    `lag_seconds`: since the first event arrived that it has not had. `lag_events`: how many wait,
    counted up to a limit; what its filter refuses counts too until a worker has read it.
    """

    row: SinkRow
    lag_seconds: float
    lag_events: int

    @property
    def paused_itself(self) -> bool:
        """Whether the receiver, and not an administrator, asked for the pause."""
        return self.row.state == "paused" and self.row.paused_by is None


def is_reported(row: SinkRow, now_ms: int) -> bool:
    """Whether the sink runs and was saved so lately that what arrived since is no lag yet."""
    return (
        row.state == "running"
        and row.saved_at is not None
        and _age(row.saved_at, now_ms) <= REPORTED
    )


def view_of(row: SinkRow, unseen: Unseen | None, now_ms: int) -> SinkView:
    """How far the sink is behind at `now_ms`; `unseen`: None where nothing arrived."""
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
