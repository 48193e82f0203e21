"""A reconciler reads its row when it starts, and when a comparison is requested."""

import threading
from datetime import UTC, datetime
from typing import Any, cast

from app.store.coordination.reconcile_requests import Outcome, ReconcileRequests, State
from tests.support.waiting import until
from worker.reconcile.comparison import Comparison
from worker.reconcile.reconciler import Reconciler, Timing

ARN = "arn:aws:dynamodb:eu-central-1:0:table/Products/stream/2026-11-21T00:00:00.000"


class Requests:
    """The row of a deployment that was compared once."""

    def __init__(self) -> None:
        self.row, self.reads = State(requested=1, done=1, stream=ARN), 0

    def state(self) -> State:
        self.reads += 1
        return self.row

    def claim(self, heartbeat: int, owner: str) -> bool:
        return True

    def finish(self, request: int, outcome: Outcome, stream: str, now: datetime) -> None:
        self.row = State(requested=request, done=request, stream=stream, done_at=now)


class Equal:
    """A comparison that finds no difference."""

    progress = ""

    def run(self) -> Outcome:
        return Outcome(compared=1)


def test_reconciler_without_a_request_does_not_read_its_row_again() -> None:
    requests: Any = Requests()
    reconciler = Reconciler(
        cast("ReconcileRequests", requests),
        lambda: ARN,
        lambda _arn, _state: cast("Comparison", Equal()),
        threading.Event(),
        Timing(poll=0.01),
    )
    with reconciler:
        until(lambda: requests.reads)
        reconciler.notice(requests.row)
        threading.Event().wait(0.1)
        assert requests.reads == 1
        asked = datetime.now(UTC)
        requests.row = State(requested=2, done=1, stream=ARN, requested_at=asked)
        reconciler.notice(requests.row)
        until(lambda: requests.row.done == 2)
