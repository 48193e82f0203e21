"""The worker is caught up only if all shards are, whichever worker reads them."""

import time
from collections.abc import Callable, Iterable, Sequence

from app.store.coordination.shard_state import ShardState
from app.store.coordination.workers import WorkerRow
from worker.reconcile.decision import is_caught_up
from worker.sharing.membership import Member

FRESH = 2.0  # seconds that a result is reused: it is requested before each entry


class Readings:
    """The state of all workers' shards; a worker with an in-process broker is the only one."""

    def __init__(
        self,
        member: Member,
        own: Callable[[], Sequence[ShardState]],
        workers: Callable[[], Iterable[WorkerRow]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._member = member
        self._own = own
        self._workers = workers
        self._monotonic = monotonic
        self._known = (False, -FRESH)

    def caught_up(self) -> bool:
        """Whether every record older than a few seconds has been read.

        Raises:
            StoreUnavailable: the other workers' rows cannot be read now.

        """
        answer, at = self._known
        if self._monotonic() - at >= FRESH:
            answer = is_caught_up([*self._own(), *self._others()])
            self._known = (answer, self._monotonic())
        return answer

    def _others(self) -> list[ShardState]:
        if self._member.broker == "in-process":
            return []
        rows = (row for row in self._workers() if row.owner != self._member.owner)
        return [state for row in rows for state in row.shards]
