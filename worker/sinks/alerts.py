"""The one consumer that opens and resolves alerts: a sink that writes them to the settings table.

Alerts follow the timeline in any order of repeats (`app.store.alerts.decision`), so a second owner
of the lease, a restart or a rewind opens nothing twice.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.item import Item
from app.core.keys import NotAnID
from app.observability.metrics import ALERTS_OPEN
from app.store.alerts.alert_repository import AlertRepository
from app.store.alerts.alert_rows import due_at
from app.store.alerts.decision import Seen, after_event, elapsed
from app.store.alerts.first_scan import FirstScan
from app.store.alerts.last_sale import is_sale, last_sale
from app.store.alerts.levels import KINDS, Levels, holds, levels_of, may_hold
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from worker.consumers.sink import Rejected, Sink, Unavailable

NAME = "alerts"
DUE = 100  # products whose time is applied at once
POLL = 15.0  # seconds: most processes have no other sink, and each read is a call
SHORTEST = 1.0  # seconds until the next look, unless more is due
LONGEST = 60.0  # seconds until the next look: a person may snooze an alert for a short time
COUNT_EVERY = 600.0  # seconds between counts of the open alerts while none changes here


class Alerts:
    """Applies events and the passing of time to the alerts."""

    def __init__(
        self, deployment: Deployment, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        tables = deployment.tables
        self._client = deployment.clients.tables
        self._products, self._audit, self._names = tables.products, tables.audit, deployment.names
        self._rows = AlertRepository(self._client, tables.settings)
        self._scan = FirstScan(self._client, tables, deployment.names, self._rows, self._with_sale)
        self._monotonic = monotonic
        self._next_count = 0.0

    def sink(self) -> Sink:
        """The sink named `alerts`."""
        return Sink(NAME, self.deliver, wants=self.wants, poll=POLL, clock=self.pass_time)

    def wants(self, event: ChangeEvent) -> bool:
        """Whether the event may change an alert."""
        if event.kind in {"gap", "reconciled"} or _lacks_image(event):
            return True
        if event.kind != "inserted" and event.before is None:  # the stream has new images only
            return True
        return may_hold(event.stock_after, event.product_after, self._names) or may_hold(
            event.stock_before, event.product_before, self._names
        )

    def deliver(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        """Apply events.

        Raises:
            Unavailable: some were not applied; deliver all of them again.

        """
        try:
            known = self._rows.get_all({event.product_id for event in events})
            current = self._items({one.product_id for one in events if _lacks_image(one)})
            for event in events:
                before = known[event.product_id]
                sold_at = before.levels.sold_at
                seen = self._with_sale(event.product_id, self._seen(event, current), sold_at)
                after, changed = self._rows.apply(before, partial(after_event, seen=seen))
                known[event.product_id] = after
                self._note(changed=changed)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error
        return []

    def pass_time(self, until: int) -> float:
        """Apply what is due up to a time, and continue the first scan; see `Sink.clock`.

        Raises:
            StoreUnavailable, StoreRefused: call it again.

        """
        rows = self._rows.due(DUE)
        passed = [row for row in rows if due_at(row) <= until]
        for row in passed:
            known = self._rows.get(row["ProductID"]["S"])
            _, changed = self._rows.apply(known, partial(elapsed, until=until))
            self._rows.forget_due(row)
            self._note(changed=changed)
        if self._monotonic() >= self._next_count:
            ALERTS_OPEN.note({kind: self._rows.count_open(kind) for kind in KINDS})
            self._next_count = self._monotonic() + COUNT_EVERY
        ALERTS_OPEN.still_here()
        rest = self._scan.advance()  # last, so that its failure stops nothing else
        if len(passed) == DUE:
            return 0.0
        ahead = next((due_at(row) - until for row in rows[len(passed) :]), LONGEST * 1000) / 1000
        # `until` stands still while an event waits.
        return min(rest, LONGEST, max(SHORTEST, ahead))

    def _note(self, *, changed: bool) -> None:
        if changed:
            self._next_count = min(self._next_count, self._monotonic() + LONGEST)

    def _seen(self, event: ChangeEvent, current: Mapping[str, Item]) -> Seen:
        at = int(event.occurred_at.timestamp() * 1000)
        item = current.get(event.product_id) if _lacks_image(event) else event.product_after
        levels = levels_of(item, self._names)
        came = event.delta if event.reason == "received" and event.kind == "stock_changed" else None
        return Seen(
            event.event_key,
            at,
            replace(levels, sold_at=at) if is_sale(event) else levels,
            may_flap=event.kind != "updated",
            received=max(came or Decimal(0), Decimal(0)),
        )

    def _with_sale(self, product_id: str, seen: Seen, sold_at: int | None = None) -> Seen:
        """With the last sale if that decides; `sold_at` is a sale that is known already."""
        levels: Levels = replace(seen.levels, sold_at=max(seen.levels.sold_at or 0, sold_at or 0))
        if not levels.needs_sale or holds("out", levels, seen.at):
            return seen
        found = last_sale(self._client, self._audit, product_id)
        return replace(seen, levels=replace(seen.levels, sold_at=found))

    def _items(self, product_ids: set[str]) -> dict[str, Item]:
        """The current items of products whose events do not show them."""
        keys = []
        for product_id in sorted(product_ids):
            with suppress(NotAnID):  # of a table that had another key
                keys.append(self._names.key.key_of(product_id))
        found = get_all(self._client, self._products, keys)
        return {self._names.key.id_of(item): item for item in found}


def _lacks_image(event: ChangeEvent) -> bool:
    """Whether the event does not show the product after it, although there may be one."""
    return event.after is None and event.kind not in {"deleted", "expired"}
