"""A scheduled invocation compares the table with the audit: at first, on request, and daily.

A container does not see all of a shard, so none can compare a change with the one before it. So a
break in the stream is found here.

Lambda does not report how far behind its mapping is, so the comparison does not wait for it. An
entry that was written while a record was pending becomes void once that record is audited.
"""

from datetime import UTC, datetime, timedelta

from app.store.coordination.reconcile_requests import ReconcileRequests, State
from worker.reconcile.reconciler import ComparisonFactory

# A stream keeps its records for a day. An hour is subtracted because a daily schedule is not exact
# to the second: if a comparison became due one second after the invocation, it would run a day
# late.
EVERY = timedelta(hours=23)


def compare_once(comparisons: ComparisonFactory) -> None:
    """Reconcile if it is due; its `stop` ends it with the invocation.

    Raises:
        Stopped: time is up. What is written remains and is correct.
        StoreUnavailable, TableError: the tables cannot be read.

    """
    requests = ReconcileRequests(*comparisons.deployment.coordination)
    state, now = requests.state(), datetime.now(UTC)
    stream_arn = comparisons.deployment.stream().arn
    if is_due(state, stream_arn, now):
        outcome = comparisons.comparison(stream_arn, first=state.is_first).run()
        requests.finish(state.requested, outcome, stream_arn, now)


def is_due(state: State, stream_arn: str, now: datetime) -> bool:
    """Whether a comparison is due; each comparison reads both tables completely."""
    if state.is_due or state.stream != stream_arn or state.done_at is None:
        return True
    return now - state.done_at >= EVERY
