"""What a ring lacks is read from `Feed` newest first, and never more than the ring can hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.broker.frames import Frame
from app.store.audit import Arrived


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


def gather(
    newest_first: Iterable[Arrived],
    frame: Callable[[Arrived], Frame | None],
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
