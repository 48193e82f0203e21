"""The audit sink accepts every event, however long that takes: it holds its shard until it has.

Throttling and faults are retried for ever (an alarm after a minute); what DynamoDB
refuses in every form is handed back to be parked.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from app.core.events import ChangeEvent
from app.observability.metrics import AUDITED
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, AuditRepository
from app.store.coordination.leases import Hold

# An arrival not published within this many seconds of its stamp gets a fresh one (DESIGN §5.2).
STAMP_LIFE = 5.0

T = TypeVar("T")


class AuditWriter:
    """Makes events durable, and says when each arrived.

    `drop_stamps` is called where a try failed: the stamps that it took bear nothing.
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
        """Write up to 24 events of different keys, read under `hold`.

        Raises:
            LeaseLost: it took too long and the shard is another's now: nothing may be shown.
            Stopped: the worker is ending; the events will be read again.

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
        """The call's result, and when its last try, the one that counts, began."""

        def attempt() -> tuple[float, T]:
            started = self._monotonic()
            try:
                return started, call()
            except BaseException:
                self._drop_stamps()  # other shards' batches must not wait for this one
                raise

        return self._retry(attempt, "audit")
