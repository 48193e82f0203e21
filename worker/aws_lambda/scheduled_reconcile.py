"""A scheduled invocation compares the table with the audit: at first, when asked, and daily.

No container sees all of a shard, so none can compare a change with the one before it: this
is where a break in the stream is found.

Lambda does not report how far behind its mapping is, so nothing waits for it here: an entry that
was written while a record was on its way is void once that record is audited.
"""

from datetime import UTC, datetime, timedelta

from app.store.coordination.reconcile_requests import ReconcileRequests, State
from worker.reconcile.reconciler import Comparing

# A stream keeps its records for a day. An hour less, because a daily schedule does not fire to the
# second: a comparison that is due a second later would be a day late.
EVERY = timedelta(hours=23)


def compare_once(comparing: Comparing) -> None:
    """Reconcile where that is due; its `stop` ends it with the invocation.

    Raises:
        Stopped: time is up; what is written stays and is right.
        StoreUnavailable, TableError: the tables cannot be read.

    """
    requests = ReconcileRequests(*comparing.deployment.coordination)
    state, now = requests.state(), datetime.now(UTC)
    stream_arn = comparing.deployment.stream().arn
    if is_due(state, stream_arn, now):
        outcome = comparing.comparison(stream_arn, first=state.is_first).run()
        requests.finish(state.requested, outcome, stream_arn, now)


def is_due(state: State, stream_arn: str, now: datetime) -> bool:
    """Whether to compare: each comparison reads both tables whole."""
    if state.is_due or state.stream != stream_arn or state.done_at is None:
        return True
    return now - state.done_at >= EVERY
