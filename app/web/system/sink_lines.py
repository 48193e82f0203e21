"""Each sink is one line; a sink that needs attention is also a finding. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.events import rfc3339
from app.observability.logs import masked
from app.store.sinks.sink_lag import SinkView
from app.web.system.finding import Finding, span
from app.web.system.state import SystemState

LATE = 300.0  # seconds behind until a sink is a finding


@dataclass(frozen=True, slots=True)
class SinkLine:
    """One sink.

    `silent`: seconds since the last heartbeat of the sink's worker, if the worker seems dead.
    `letters`: the sink's dead letters among those that were read.
    """

    name: str
    state: str
    why: str
    paused_itself: bool
    delivered_to: str | None  # RFC 3339
    lag_seconds: float
    lag_events: int
    owner: str | None
    silent: float | None
    last_error: str
    letters: int


def sink_lines(state: SystemState) -> list[SinkLine]:
    """Every sink, by name."""
    if state.stored is None:
        return []
    silent = {worker.owner: worker.silent for worker in state.workers if not worker.alive}
    letters = state.stored.dead_letters.by_sink
    return [
        _line(view, silent.get(view.row.owner or ""), letters.get(view.row.name, 0))
        for view in state.stored.sinks
    ]


def sink_findings(state: SystemState) -> Iterator[Finding]:
    """Problems of sinks; a pause by an administrator is not one."""
    on_lambda = state.stored is not None and state.stored.host == "lambda"
    for line in sink_lines(state):
        found = _finding(line, on_lambda=on_lambda)
        if found is not None:
            yield found


def _finding(line: SinkLine, *, on_lambda: bool) -> Finding | None:
    name, behind = line.name, span(line.lag_seconds)
    late = line.state == "running" and line.lag_seconds > LATE
    if line.state == "stopped":
        return Finding(
            f"Connection {name} has stopped: {line.why}.",
            "It delivers nothing until an administrator chooses where it continues:",
            bad=False,
            command=f"stockpulse sinks rewind {name} --to beginning",
            at="sinks",
        )
    if line.paused_itself:
        return Finding(
            f"Connection {name} paused itself: {line.why}.",
            "The receiver asked for no more changes. To deliver to it again:",
            bad=False,
            command=f"stockpulse sinks resume {name}",
            at="sinks",
        )
    if line.state == "running" and line.last_error:
        delay = f", and {behind} behind" if late else ""
        return Finding(
            f"Connection {name} is failing{delay}: {line.last_error}.",
            "Delivery is retried, and nothing is lost. Check the receiver and the settings:",
            bad=False,
            command=f"stockpulse sinks test {name}",
            at="sinks",
        )
    if not late:
        return None
    if line.owner is None:
        who = "the scheduled sinks function" if on_lambda else "a worker"
        remedy = f"No worker runs it. Start {who} with settings that enable it, or pause it:"
        return Finding(
            f"Connection {name} is {behind} behind.",
            remedy,
            bad=False,
            command=f"stockpulse sinks pause {name}",
            at="sinks",
        )
    remedy = "It catches up by itself, and nothing is lost. If the lag grows, the receiver is slow."
    if line.silent is not None:
        remedy = f"Its worker has sent no heartbeat for {span(line.silent)}. Another worker "
        remedy += "takes over by itself if its settings enable it."
    return Finding(f"Connection {name} is {behind} behind.", remedy, bad=False, at="sinks")


def _line(view: SinkView, silent: float | None, letters: int) -> SinkLine:
    row, cursor = view.row, view.row.cursor
    return SinkLine(
        name=row.name,
        state=row.state,
        why=masked(row.why),
        paused_itself=view.paused_itself,
        delivered_to=None
        if cursor is None or not cursor.ms  # nothing had arrived when the sink started
        else rfc3339(datetime.fromtimestamp(cursor.ms / 1000, UTC)),
        lag_seconds=view.lag_seconds,
        lag_events=view.lag_events,
        owner=row.owner,
        silent=silent,
        last_error=masked(row.health.error),
        letters=letters,
    )
