"""What a Lambda function does on a schedule: compare the table with the audit, and run the sinks.

A container does not see all of a shard, so none can compare a change with the one before it. So a
break in the stream is found by a comparison: at first, on request, and daily. Lambda does not
report how far behind its mapping is, so the comparison does not wait for it. An entry that was
written while a record was pending becomes void once that record is audited.

Sinks run until the invocation's time is nearly up. A lease taken here holds the invocation's
deadline: there is no heartbeat to show whether its owner is alive. The lease is dead a minute after
the deadline.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.core.errors import StoreUnavailable
from app.runtime.retry import Stopped
from app.store.coordination.reconcile_requests import ReconcileRequests, State
from app.store.coordination.sink_row import SinkRow
from app.store.deployment import Deployment
from app.store.sinks.sink_cursors import SinkCursors
from worker.consumers.sink_sharing import SinkSharing
from worker.reconcile.reconciler import Compare

_log = logging.getLogger(__name__)

# A stream keeps its records for a day. An hour is subtracted because a daily schedule is not exact
# to the second: if a comparison became due one second after the invocation, it would run a day
# late.
EVERY = timedelta(hours=23)

DEAD_AFTER = 60  # seconds after the deadline
LAST_CALLS = 8.0  # seconds that the running calls may take at the end
_POLL = 2.0  # seconds between two reads of the sinks' rows


def compare_once(deployment: Deployment, compare: Compare) -> None:
    """Reconcile if it is due; the comparison's `stop` ends it with the invocation.

    Raises:
        Stopped: time is up. What is written remains and is correct.
        StoreUnavailable, TableError: the tables cannot be read.

    """
    requests = ReconcileRequests(*deployment.coordination)
    state, now = requests.state(), datetime.now(UTC)
    stream_arn = deployment.stream().arn
    if is_due(state, stream_arn, now):
        outcome = compare(stream_arn, state).run()
        requests.finish(state.requested, outcome, stream_arn, now)


def is_due(state: State, stream_arn: str, now: datetime) -> bool:
    """Whether a comparison is due; each comparison reads both tables completely."""
    if state.is_due or state.stream != stream_arn or state.done_at is None:
        return True
    return now - state.done_at >= EVERY


def guard_until(
    until: float, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], None]:
    """The guard of a lease without a heartbeat: no call starts after the deadline.

    It raises Stopped from then on. The lease is still held, so the position can be saved. `until`:
    in seconds of the monotonic clock.
    """

    def check() -> None:
        if monotonic() >= until:
            raise Stopped

    return check


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
