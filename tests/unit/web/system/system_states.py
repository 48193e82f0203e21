"""Builders of system states."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.readmodel.copy_state import CopyState, Filling
from app.store.coordination.checkpoints import Checkpoint
from app.store.coordination.reconcile_requests import State as Comparison
from app.store.coordination.shard_state import ShardState, WorkerProof, reported
from app.store.coordination.sink_row import SinkRow
from app.store.coordination.workers import WorkerRow
from app.store.dead_letters.letter_summary import DeadLetter, DeadLetterSummary
from app.store.feed.cursor import Cursor
from app.store.sinks.sink_lag import SinkView
from app.store.status import Gap, StoredStatus
from app.web.system.condition import condition_of
from app.web.system.state import Live, SystemState, Vitals, WorkerSeen

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def saved(shard_id: str = "s1", **fields: Any) -> Checkpoint:
    values: dict[str, Any] = {
        "consumer": "stockpulse",
        "stream_arn": "arn",
        "shard_id": shard_id,
        "sequence_number": "100",
        "finished": False,
    }
    return Checkpoint(**(values | fields))


def reading(shard_id: str = "s1", **fields: Any) -> ShardState:
    values: dict[str, Any] = {"position": "101", "lag": 0.0, "last_page": 0.2}
    return ShardState(shard_id, **(values | fields))


def worker(owner: str = "w1", *, silent: float = 0.0, heard: bool = True) -> WorkerSeen:
    return WorkerSeen(owner, "redis", "2026-11-21T11:00:00Z", silent, heard)


def row(owner: str, counter: int = 1, shards: Sequence[ShardState] = ()) -> WorkerRow:
    return WorkerRow(owner, counter, "redis", None, status=reported(shards))


def sink(
    name: str = "archive", *, lag_seconds: float = 0.0, lag_events: int = 0, **fields: Any
) -> SinkView:
    row = SinkRow(name, owner="w1", cursor=Cursor(1_795_258_800_000, "0000abcd", 0))
    return SinkView(replace(row, **fields), lag_seconds, lag_events)


def letters(count: int, *, error: str = "refused", more: bool = False) -> DeadLetterSummary:
    newest = [
        DeadLetter("notify", f"P{n}", "k", error, "2026-11-21T10:00:00Z", 3, due=False)
        for n in range(count)
    ]
    return DeadLetterSummary(newest, {"notify": count} if count else {}, more)


def gap(
    at: datetime = NOW, why: str = "trimmed before it was read", about: str = "\0shard#s1"
) -> Gap:
    return Gap(about, None if about.startswith("\0") else "Blue kettle", "id-1", at, why)


def stored(**fields: Any) -> StoredStatus:
    values: dict[str, Any] = {
        "shards": [saved()],
        "workers": [],
        "host": None,
        "sinks": [],
        "dead_letters": letters(0),
        "gaps": [],
        "no_stock": False,
        "comparison": Comparison(),
    }
    return StoredStatus(**(values | fields))


COPY = CopyState(
    filled=True,
    scanned=220,
    expected=None,
    events=Filling(filled=True, scanned=900, expected=None),
    lag=1.0,
    trouble="",
)


def vitals(**fields: Any) -> Vitals:
    values: dict[str, Any] = {
        "parts": {"engine": "ok", "worker": "ok"},
        "workers": [WorkerProof(silent=0.2)],
    }
    return Vitals(**(values | fields))


def live(**fields: Any) -> Live:
    values: dict[str, Any] = {
        "vitals": vitals(),
        "shards": [reading()],
        "broker_kind": "in this process",
        "subscribers": 2,
        "held": 1234,
        "overruns": 0,
        "store_kind": "DynamoDB",
        "store": "embedded engine",
        "copy": COPY,
    }
    return Live(**(values | fields))


def a_state(**fields: Any) -> SystemState:
    values: dict[str, Any] = {
        "as_of": NOW,
        "live": live(),
        "stored": stored(),
        "read_at": NOW,
        "trouble": "",
        "needs_repair": False,
        "workers": [],
    }
    values |= fields
    values.setdefault("condition", condition_of(values["live"].vitals, NOW, NOW))
    return SystemState(**values)
