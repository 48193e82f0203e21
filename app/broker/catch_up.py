"""A ring begins with few events, and later reads from `Feed` what it lacks, newest first.

Neither reads more than the ring can hold, and the beginning costs the same for any history:
cursors older than the ring are answered from `Feed`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.broker.backfill import History
from app.broker.frames import Frame
from app.broker.ring import Ring
from app.core.events import event_id
from app.store.audit.audit_repository import Arrived

START_EVENTS = 200  # frames that a ring begins with: as many as the Live page shows
# Of so many events before those the ids are read. After a crash the worker reads the last page
# of each shard again (1,000 records), and what was sent before must not be sent twice.
START_KNOWN = 4_000

Made = Callable[[Arrived], Frame | None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Frames, oldest first.

    `oldest_ms` is the stamp of the oldest; `newest_ms` that of the newest arrival, shown or
    not. Not `whole`: there were more, older ones.
    """

    frames: list[Frame]
    whole: bool
    oldest_ms: int
    newest_ms: int


def begin(ring: Ring, history: History, frame: Made) -> int:
    """Fill an empty ring with the newest events; the newest stamp (ms), 0 where there is none.

    Raises:
        StoreUnavailable: `Feed` cannot be read now.

    """
    newest, before = history.newest(START_EVENTS, START_KNOWN)
    frames = [made for made in map(frame, newest) if made]
    ring.begin(frames, [(event_id(*arrival.ref), arrival.cursor.ms) for arrival in before])
    return newest[-1][0].ms if newest else 0


def gather(
    newest_first: Iterable[Arrived],
    frame: Made,
    max_events: int,
    max_bytes: int,
) -> Gathered:
    """Frames of the arrivals until they would fill a ring; `frame` gives None for a hidden one."""
    frames: list[Frame] = []
    size = oldest_ms = newest_ms = 0
    whole = True
    for arrival in newest_first:
        newest_ms = max(newest_ms, arrival[0].ms)
        made = frame(arrival)
        if made is None:
            continue
        size += len(made.data)
        if frames and (len(frames) == max_events or size > max_bytes):
            whole = False
            break
        frames.append(made)
        oldest_ms = arrival[0].ms
    return Gathered(frames[::-1], whole, oldest_ms, newest_ms)
