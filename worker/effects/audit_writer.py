"""The audit writer retries until every event is durable; until then it holds its shard.

Throttling and 5xx errors are retried for ever, with an alarm after a minute. Events that DynamoDB
refuses in every form are returned, so that the caller parks them as dead letters.

Entries that come from no stream record are written if absent, and published like any other.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from app.core.events import ChangeEvent
from app.observability.metrics import AUDITED, GAPS
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, AuditRepository
from app.store.coordination.hold import Hold, Unleased
from worker.effects.publish_order import InTurn

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
        hold = hold or Unleased()
        stamped, appended = self._timed(partial(self._audit.append, events))
        while appended.arrived and self._monotonic() - stamped > STAMP_LIFE:
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


class ChainEntries:
    """Appends `gap` and `reconciled` entries.

    `publish` keeps the order of the stamps (`PublishOrder.in_turn`). `drop_stamps` drops this
    thread's unused stamps.
    """

    def __init__(
        self,
        audit: AuditRepository,
        publish: InTurn,
        drop_stamps: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audit = audit
        self._publish = publish
        self._drop_stamps = drop_stamps
        self._monotonic = monotonic

    def append(self, event: ChangeEvent, hold: Hold | None = None) -> bool:
        """Write an entry and return True; return False if an entry with its key exists.

        Raises:
            LeaseLost: the lease under which the gap was found is lost. The entry is not written, or
                it is written and not published.
            StoreUnavailable: the entry may not have been written; the call can safely be repeated.
            StoreRefused: DynamoDB refuses the entry in every form.

        """
        hold, started = hold or Unleased(), self._monotonic()
        try:
            arrived = self._audit.append_if_absent(event, hold)
            while arrived is not None and self._monotonic() - started > STAMP_LIFE:
                hold.check()
                started = self._monotonic()
                arrived = self._audit.restamp([event])[0]
            if arrived is None:
                return False
            self._publish([arrived], hold)
            if event.kind == "gap":
                GAPS.inc()
            return True
        finally:
            self._drop_stamps()
