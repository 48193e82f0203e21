"""The System page's state as JSON for `/readyz`, with bounded lists and no secrets. Pure."""

from dataclasses import asdict
from typing import Any

from app.core.events import rfc3339
from app.web.system.health_checks import findings, headline
from app.web.system.hops import hops
from app.web.system.shard_lines import shard_lines
from app.web.system.sink_lines import sink_lines
from app.web.system.state import SystemState

MOST = 50  # items in each list


def details_of(state: SystemState, *, is_admin: bool) -> dict[str, Any]:
    """What the System page shows, with the same names where they exist."""
    found = findings(state)
    stored = state.stored
    return {
        "summary": headline(state, found),
        "findings": [asdict(finding) for finding in found],
        "as_of": rfc3339(state.as_of),
        "read_at": rfc3339(state.read_at) if state.read_at else None,
        "store": state.live.store_for(is_admin=is_admin),
        "hops": [asdict(hop) for hop in hops(state)],
        "shards": [asdict(line) for line in shard_lines(state)[:MOST]],
        "workers": [asdict(worker) for worker in state.workers[:MOST]],
        "sinks": [asdict(line) for line in sink_lines(state)[:MOST]],
        "dead_letters": dict(stored.dead_letters.by_sink) if stored else None,
        "gaps": [
            {
                "shard_id": gap.shard_id,
                "product_id": gap.product_id,
                "event_id": gap.event_id,
                "occurred_at": rfc3339(gap.occurred_at),
                "why": gap.why,
            }
            for gap in stored.gaps[:MOST]
        ]
        if stored
        else None,
        "broker": {
            "kind": state.live.broker_kind,
            "subscribers": state.live.subscribers,
            "held": state.live.held,
            "overruns": state.live.overruns,
        },
        "read_model": asdict(state.live.copy),
    }
