"""On Lambda, sinks run in a scheduled invocation until its time is nearly up.

A lease taken here holds the invocation's deadline: there is no heartbeat to show whether its owner
is alive. The lease is dead a minute after the deadline.
"""

import logging
import time
from collections.abc import Callable

from app.core.errors import StoreUnavailable
from app.runtime.retry import Stopped
from app.store.coordination.sink_row import SinkRow
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.sink_sharing import SinkSharing

_log = logging.getLogger(__name__)

DEAD_AFTER = 60  # seconds after the deadline
LAST_CALLS = 8.0  # seconds that the running calls may take at the end
_POLL = 2.0  # seconds between two reads of the sinks' rows


class Deadline:
    """The guard of a lease without a heartbeat: no call starts after the deadline."""

    def __init__(self, until: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`until`: in seconds of the monotonic clock."""
        self._until = until
        self._monotonic = monotonic

    def __call__(self) -> None:
        """Return if a call may start.

        Raises:
            Stopped: the time is up. The lease is still held, so the position can be saved.

        """
        if self._monotonic() >= self._until:
            raise Stopped


def is_free(row: SinkRow | None, now: float) -> bool:
    """Whether a sink may be taken; `now`: seconds since 1970.

    An owner without a deadline is a worker that was killed: `Workers.claim_host` refuses to start
    a Lambda function while workers read the deployment, and the reverse.
    """
    if row is None or row.owner is None or row.deadline is None:
        return True
    return row.deadline + DEAD_AFTER < now


def run_until(
    sinks: SinkSharing,
    rows: SinkCursors,
    me: str,
    until: float,
    *,
    wait: Callable[[float], bool],
    monotonic: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> None:
    """Run every free sink until a time of the monotonic clock, then wait for the last calls.

    `wait` waits for a number of seconds, or returns True at once if the invocation must end.

    Raises:
        StoreUnavailable: the sinks' rows still could not be read or taken at the end.

    """
    deadline = int(now() + until - monotonic())
    trouble: StoreUnavailable | None = None
    try:
        while True:
            try:
                _take_free(sinks, rows, me, deadline, now())
                trouble = None
            except StoreUnavailable as error:
                _log.warning("the sinks' rows cannot be read or taken: %s", error)
                trouble = error
            left = until - monotonic()
            if left <= 0 or wait(min(_POLL, left)):
                break
    finally:
        sinks.leave_all()
        sinks.join(until + LAST_CALLS)
    if trouble is not None:
        raise trouble


def _take_free(sinks: SinkSharing, rows: SinkCursors, me: str, deadline: int, now: float) -> None:
    known = {row.name: row for row in rows.all()}
    for name in sinks.jobs:
        if is_free(known.get(name), now):
            sinks.take(name, me, known.get(name), deadline)
    sinks.notice(known)
