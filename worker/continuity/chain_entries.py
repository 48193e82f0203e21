"""An entry that no stream record made is written if absent, and then published like any other."""

import time
from collections.abc import Callable

from app.core.events import ChangeEvent
from app.observability.metrics import GAPS
from app.store.audit.audit_repository import AuditRepository
from app.store.coordination.leases import Hold
from worker.effects.audit_writer import STAMP_LIFE
from worker.effects.publish_order import InTurn


class ChainEntries:
    """Appends `gap` and `reconciled` entries.

    `publish` takes its turn (`PublishOrder.in_turn`); `drop_stamps` gives up this thread's
    stamps where nothing bears them.
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
        """Whether it was written now; False where an entry of its key was there.

        Raises:
            LeaseLost: what it rests on was found under a hold that is lost; it is not written, or
                not published.
            StoreUnavailable: it is not known to be there; the same call again is safe.
            StoreRefused: DynamoDB refuses it in every form.

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
