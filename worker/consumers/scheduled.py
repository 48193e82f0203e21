"""Where no process lives on, sinks run in a scheduled invocation until its time is nearly up.

A lease taken here carries the invocation's deadline: without a heartbeat, nothing else could tell
whether its owner is alive. It is dead a minute after the deadline.
"""

import time
from collections.abc import Callable

from app.store.coordination.sink_row import SinkRow
from app.store.coordination.sinks import SinkRows
from app.store.leases import LeaseLost
from worker.consumers.consumers import Consumers

DEAD_AFTER = 60  # seconds after the deadline
LAST_CALLS = 8.0  # seconds that the calls under way at the end may take
_LOOK = 2.0  # seconds between two reads of the sinks' rows


class Deadline:
    """The guard of a lease without a heartbeat: held until the deadline."""

    def __init__(self, until: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`until`: by the monotonic clock."""
        self._until = until
        self._monotonic = monotonic

    def __call__(self) -> None:
        """Return while the lease is held.

        Raises:
            LeaseLost: the time is up.

        """
        if self._monotonic() >= self._until:
            raise LeaseLost


def is_free(row: SinkRow | None, now: float) -> bool:
    """Whether a sink may be taken; `now`: seconds since 1970."""
    if row is None or row.owner is None:
        return True
    return row.deadline is not None and row.deadline + DEAD_AFTER < now


def run_until(
    consumers: Consumers,
    rows: SinkRows,
    me: str,
    until: float,
    *,
    wait: Callable[[float], bool],
    monotonic: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> None:
    """Run every free sink until a moment of the monotonic clock; all threads end before that.

    `wait` waits so many seconds, or returns True at once when the invocation must end.

    Raises:
        StoreUnavailable: the sinks' rows cannot be read or taken.

    """
    deadline = int(now() + until - monotonic())
    known = {row.name: row for row in rows.all()}
    for name in consumers.jobs:
        if is_free(known.get(name), now()):
            consumers.take(name, me, known.get(name), deadline)
    while (left := until - monotonic()) > 0 and not wait(min(_LOOK, left)):
        consumers.notice({row.name: row for row in rows.all()})
    consumers.leave()
    consumers.join(until + LAST_CALLS)
