"""A change passes six hops from the write to the screens; each has the time that it took. Pure.

The lags are measured: by this process, of its newest write and of the newest change that it sent,
and by the worker, of its newest page with changes. A hop is bad if the condition of all pages says
so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.store.coordination.shard_state import ShardState
from app.web.system.condition import BEHIND, problems
from app.web.system.finding import short_span
from app.web.system.state import SystemState


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop, and the arrow to it.

    `lag`: seconds that the newest change took to it; None if that was not measured, and then `why`
    says why. `took` is the same as text. `mark`: `bad`, `late` or empty.
    """

    id: str
    name: str
    note: str
    lag: float | None = None
    took: str = ""
    why: str = ""
    mark: str = ""


def hops(state: SystemState) -> list[Hop]:
    """The six hops, in their order; the first has no arrow."""
    live = state.live
    bad = {finding.at for finding in problems(live.vitals)}
    shards = _reported(state)
    delays = live.delays or (None, None)
    arrived = _greatest(shard.arrived for shard in shards)
    published = _greatest(shard.published for shard in shards)
    if live.vitals.on_lambda:  # a function reports nothing; this process sees the whole of its work
        arrived, published = delays
    waiting = state.condition.lag if state.condition.state == "behind" else 0.0
    if waiting:
        arrived = max(waiting, arrived or 0.0)
    found = [
        Hop("write", "Write", "a till, this page, another program"),
        _hop("stream", "Table", "DynamoDB and its stream", live.write_took, _NO_WRITE),
        _hop("worker", "Worker", _workers(state), arrived),
        _hop(
            "audit",
            "Audit",
            "every change is kept",
            _greatest(shard.stored for shard in shards),
            _TOGETHER if live.vitals.on_lambda else _NO_CHANGE,
        ),
        _hop("feed", "Live feed", _feed(state), published),
        _hop("screens", "Screens", _screens(live.subscribers), live.sent_after, _NOBODY),
    ]
    return [_marked(hop, bad) for hop in found]


_NOBODY = "no change was sent to a screen yet"
_NO_CHANGE = "no change since the start"
_NO_WRITE = "no change was made through this server yet"
_TOGETHER = "measured with the next step"


def _hop(hop_id: str, name: str, note: str, lag: float | None, why: str = _NO_CHANGE) -> Hop:
    """A hop with its lag, or with why there is none."""
    if lag is None:
        return Hop(hop_id, name, note, why=why)
    return Hop(hop_id, name, note, lag, short_span(lag))


def _marked(hop: Hop, bad: Iterable[str]) -> Hop:
    late = hop.lag is not None and hop.lag > BEHIND
    mark = "bad" if hop.id in bad else "late" if late else ""
    return replace(hop, mark=mark)


def _reported(state: SystemState) -> list[ShardState]:
    """What the workers that are alive say about their shards."""
    if state.live.shards is not None:
        return list(state.live.shards)
    alive = {worker.owner for worker in state.workers if worker.alive}
    rows = state.stored.workers if state.stored else ()
    return [shard for row in rows if row.owner in alive for shard in row.shards]


def _workers(state: SystemState) -> str:
    workers = state.live.vitals.workers
    if state.live.vitals.on_lambda:
        return "a Lambda function"
    if state.live.shards is not None:
        return "in this process"
    if workers is None:
        return "not heard of yet"
    return f"{len(workers)} running" if workers else "none is running"


def _feed(state: SystemState) -> str:
    return "through Redis" if state.live.broker_kind == "Redis" else state.live.broker_kind


def _screens(count: int) -> str:
    if not count:
        return "none is open"
    return f"{count:,} open"


def _greatest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
