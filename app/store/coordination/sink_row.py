"""A sink has one row: its lease, its cursor in the timeline, its state and its health."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.store.feed.cursor import Cursor, parse_cursor

SINK = "~sink"  # in place of a stream ARN: sinks are leased like shards
PREFIX = f"{SINK} "
AUDIT = "audit"  # reserved: the audit's own name among the sinks

State = Literal["running", "paused", "stopped"]


@dataclass(frozen=True, slots=True)
class LastCalls:
    """When a sink last accepted an event, and when it last did not, with the reason.

    Times are in ms since 1970; 0: never, or not as far as this is known.
    """

    accepted_at: int = 0
    failed_at: int = 0
    failure: str = ""

    def after(self, accepted: int, error: str, now: int) -> "LastCalls":
        """With a call at `now` that accepted this many events; `error`: "" if it did not fail."""
        return LastCalls(
            now if accepted else self.accepted_at,
            now if error else self.failed_at,
            error or self.failure,
        )


@dataclass(frozen=True, slots=True)
class Health:
    """A sink's lag and last error ("": none), as its worker saved them."""

    lag_seconds: float = 0.0
    lag_events: int = 0
    error: str = ""
    head: Cursor | None = None  # how far the worker has read the timeline
    last: LastCalls = LastCalls()


@dataclass(frozen=True, slots=True)
class SinkRow:
    """A sink's row as it was read; `cursor` is None before the first start.

    `taken` is what was delivered beyond the cursor, as `Position` encodes it. `paused_by` is the
    administrator who paused the sink; None if it paused itself. `redrive` changes with each redrive
    request; `redrive_all` says that one of them was for every dead letter. `deadline` is when a
    Lambda owner's time is up, in seconds since 1970.
    """

    name: str
    owner: str | None = None
    counter: int = 0
    version: int = 0
    state: State = "running"
    why: str = ""
    paused_by: str | None = None
    cursor: Cursor | None = None
    taken: bytes = b""
    redrive: str | None = None
    redrive_all: bool = False
    deadline: int | None = None
    health: Health = Health()
    saved_at: str | None = None


def sink_of(row: Mapping[str, Any]) -> SinkRow | None:
    """The sink in a row of `StreamCheckpoints`; None for another kind of row."""
    sort_key = row["Shard"]["S"]
    if not sort_key.startswith(PREFIX):
        return None
    cursor, head = (row.get(name, {}).get("S") for name in ("Cursor", "Head"))
    deadline = row.get("Deadline", {}).get("N")
    return SinkRow(
        name=sort_key.removeprefix(PREFIX),
        owner=row.get("Owner", {}).get("S"),
        counter=int(row.get("Counter", {}).get("N", 0)),
        version=int(row.get("Version", {}).get("N", 0)),
        state=row.get("State", {}).get("S", "running"),
        why=row.get("Why", {}).get("S", ""),
        paused_by=row.get("PausedBy", {}).get("S"),
        cursor=None if cursor is None else parse_cursor(cursor),
        taken=bytes(row.get("Taken", {}).get("B", b"")),
        redrive=row.get("Redrive", {}).get("S"),
        redrive_all="RedriveAll" in row,
        deadline=None if deadline is None else int(deadline),
        health=Health(
            float(row.get("LagSeconds", {}).get("N", 0)),
            int(row.get("LagEvents", {}).get("N", 0)),
            row.get("LastError", {}).get("S", ""),
            None if head is None else parse_cursor(head),
            LastCalls(
                int(row.get("AcceptedAt", {}).get("N", 0)),
                int(row.get("FailedAt", {}).get("N", 0)),
                row.get("Failure", {}).get("S", ""),
            ),
        ),
        saved_at=row.get("SavedAt", {}).get("S"),
    )
