"""The audit writer retries until every event is durable; until then it holds its shard.

Throttling and 5xx errors are retried for ever, with an alarm after a minute. Events that DynamoDB
refuses in every form are returned, so that the caller parks them as dead letters.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from app.core.events import ChangeEvent
from app.observability.metrics import AUDITED
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, AuditRepository
from app.store.coordination.hold import Hold

# Events that are not published within this many seconds of their stamp get a new stamp.
STAMP_LIFE = 5.0

T = TypeVar("T")


class AuditWriter:
    """Writes events to the audit and the feed, and returns the arrival cursor of each.

    `drop_stamps` is called when an attempt fails: no row uses the stamps that the attempt took.
    """

    def __init__(
        self,
        audit: AuditRepository,
        retry: Retry,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        drop_stamps: Callable[[], None] = lambda: None,
    ) -> None:
        self._audit = audit
        self._retry = retry
        self._drop_stamps = drop_stamps
        self._monotonic = monotonic

    def accept(self, events: Sequence[ChangeEvent], hold: Hold | None = None) -> Appended:
        """Write up to 24 events with different keys that were read under `hold`.

        Raises:
            LeaseLost: the write took too long and the shard belongs to another worker. The events
                must not be published.
            Stopped: the worker is stopping; the events will be read again.

        """
        stamped, appended = self._timed(partial(self._audit.append, events))
        while appended.arrived and self._monotonic() - stamped > STAMP_LIFE:
            if hold is not None:
                self._renew(hold)
            late = [event for _, event in appended.arrived]
            stamped, arrived = self._timed(partial(self._audit.restamp, late))
            appended = Appended(arrived, appended.refused)
        AUDITED.inc(len(appended.arrived))
        return appended

    def _renew(self, hold: Hold) -> None:
        try:
            self._retry(hold.check, "lease")
        except BaseException:
            self._drop_stamps()
            raise

    def _timed(self, call: Callable[[], T]) -> tuple[float, T]:
        """Return when the last attempt began, and its result."""

        def attempt() -> tuple[float, T]:
            started = self._monotonic()
            try:
                return started, call()
            except BaseException:
                self._drop_stamps()  # other shards' batches must not wait for this one
                raise

        return self._retry(attempt, "audit")
