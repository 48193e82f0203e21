"""Entries that come from no stream record are written if absent, and published like any other."""

import time
from collections.abc import Callable

from app.core.events import ChangeEvent
from app.observability.metrics import GAPS
from app.store.audit.audit_repository import AuditRepository
from app.store.coordination.hold import Hold
from worker.effects.audit_writer import STAMP_LIFE
from worker.effects.publish_order import InTurn


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
        started = self._monotonic()
        try:
            arrived = self._audit.append_if_absent(event, hold)
            while arrived is not None and self._monotonic() - started > STAMP_LIFE:
                if hold is not None:
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
