"""A shard's line combines all sources; the worker that reads the shard takes precedence. Pure."""

from dataclasses import dataclass

from app.store.coordination.checkpoints import Checkpoint
from app.store.coordination.shard_state import ShardState
from app.web.system.state import SystemState

FINISHED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ShardLine:
    """One shard, combined from its checkpoint and the reports of workers."""

    shard_id: str
    lag: float | None  # seconds behind, now
    last_page: float | None  # seconds ago
    position: str | None
    finished: bool
    owner: str | None
    here: bool  # read by this process
    since: str | None
    trouble: str


@dataclass(frozen=True, slots=True)
class _Report:
    """What a worker reports about a shard; `silent`: seconds since a dead worker's heartbeat."""

    state: ShardState
    owner: str | None = None
    silent: float = 0.0
    here: bool = False


def shard_lines(state: SystemState) -> list[ShardLine]:
    """All open shards, and the newest few finished ones."""
    saved = state.stored.shards if state.stored else ()
    reports = _reports(state)
    by_id: dict[str, Checkpoint] = {}
    for shard in saved:  # newest stream first
        by_id.setdefault(shard.shard_id, shard)
    known = dict.fromkeys([*reports, *by_id])
    lines = [_line(shard_id, by_id.get(shard_id), reports.get(shard_id)) for shard_id in known]
    finished = [line for line in lines if line.finished]
    return [line for line in lines if not line.finished] + finished[:FINISHED_SHOWN]


def _reports(state: SystemState) -> dict[str, _Report]:
    """What workers report about their shards: this process first, then live workers, then dead."""
    reports: dict[str, _Report] = {}
    rows = state.stored.workers if state.stored else ()
    gone = {worker.owner: worker.silent for worker in state.workers if not worker.alive}
    # Live workers come last, so that they override dead ones.
    for row in sorted(rows, key=lambda row: row.owner not in gone):
        for shard in row.shards:
            reports[shard.shard_id] = _Report(shard, row.owner, gone.get(row.owner, 0.0))
    for shard in state.live.shards or ():
        reports[shard.shard_id] = _Report(shard, here=True)
    return reports


def _line(shard_id: str, saved: Checkpoint | None, report: _Report | None) -> ShardLine:
    state = ShardState(shard_id) if report is None else report.state
    last_page = state.last_page
    if report is not None and last_page is not None:
        last_page += report.silent
    return ShardLine(
        shard_id=shard_id,
        # A reader that hangs falls behind without reporting it.
        lag=None if report is None else state.lag + (last_page or 0.0),
        last_page=last_page,
        position=state.position or (saved.sequence_number if saved else None),
        finished=saved is not None and saved.finished and report is None,
        owner=(saved.owner if saved else None) or (report.owner if report else None),
        here=report is not None and report.here,
        since=saved.since if saved else None,
        trouble=state.trouble,
    )
