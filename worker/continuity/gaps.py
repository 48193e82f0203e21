"""A gap is never silent: where records are missing, an entry in the audit and the feed reports it.

After any gap the worker is asked to compare the table with the audit (`on_gap`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from app.core.differences import changed_names
from app.core.errors import StoreRefused
from app.core.events import RESERVED, ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames, digest, stock
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended, AuditRepository
from app.store.audit.chain import BOTH_IMAGES, ChainFull, goes_on, origin, successor
from app.store.coordination.hold import Hold
from worker.continuity.last_images import Break, LastImages
from worker.effects.audit_writer import ChainEntries
from worker.stream.decode import event_key, stream_label

_log = logging.getLogger(__name__)

SHARD = f"{RESERVED}shard#"
NO_RECORD = "NONE"  # the event name of an entry that comes from no stream record

Accept = Callable[[Sequence[ChangeEvent]], Appended]


class Gaps:
    """Writes gap entries: for a product whose chain breaks, or for a shard that lost records."""

    def __init__(
        self,
        audit: AuditRepository,
        entries: ChainEntries,
        on_gap: Callable[[str], None] = lambda _why: None,
        names: AttributeNames = DEFAULT_NAMES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`on_gap` receives the reason; it may raise StoreUnavailable."""
        self._audit = audit
        self._entries = entries
        self._on_gap = on_gap
        self._names = names
        self._now = now

    def report(
        self,
        shard_id: str,
        stream_arn: str,
        after: str | None,
        why: str,
        hold: Hold | None = None,
    ) -> None:
        """Record that a shard's records after a position were lost; repeated calls add nothing.

        Raises:
            LeaseLost: the shard belongs to another worker, which finds the gap itself. Nothing is
                written.
            StoreUnavailable: the gap was not written, or reconciliation was not requested; call
                again.

        """
        label = stream_label(stream_arn)
        head = origin(label) if after is None else event_key(stream_arn, after)
        key = successor(head, "g")
        product_id = SHARD + shard_id
        while (known := self._audit.get((product_id, key))) is not None:
            if known.note == why:
                break
            key = successor(key, "g")
        else:
            _log.error("records of shard %s are missing: %s", shard_id, why)
            self._entries.append(shard_gap(product_id, key, after, why, self._now()), hold)
        self._on_gap(why)

    def before(self, broken: Break, hold: Hold | None = None) -> None:
        """Write the gap before a record whose predecessor is missing, unless the chain explains it.

        This reads from the store, but only if the record does not follow the remembered image: a
        `reconciled` entry may lie in between.

        Raises:
            LeaseLost: the record belongs to another worker; nothing is written.
            StoreUnavailable: the gap was not written; call again.

        """
        event, head_key = broken.event, broken.head_key
        head = broken.head
        if head is None:
            links = self._audit.chains.links(event.product_id, head_key, event.event_key)
            before = None if event.product_before is None else digest(event.product_before)
            if goes_on(links, before, event.occurred_at):
                return
            head_key = links[-1].key if links else head_key
            head = self._audit.get((event.product_id, head_key))
        _log.error("changes of product %r before %s are missing", event.product_id, event.event_key)
        # Request reconciliation first: once the gap is written, a second call finds nothing to do.
        self._on_gap(f"changes of product {event.product_id!r} are missing")
        try:
            self._entries.append(product_gap(head_key, head, event, self._names), hold)
        except (StoreRefused, ChainFull) as error:  # the record itself must not wait for ever
            _log.error("the gap entry before %s cannot be written: %s", event.event_key, error)


class ChainGuard:
    """Checks the chains for breaks before events are audited; one per lease."""

    def __init__(self, gaps: Gaps, retry: Retry, hold: Hold | None = None) -> None:
        """`hold`: the lease under which the records are read."""
        self._gaps = gaps
        self._retry = retry
        self._hold = hold
        self._heads = LastImages()

    def accept(self, events: Sequence[ChangeEvent], accept: Accept) -> Appended:
        """Write the gap entries before these events, then audit the events.

        Raises:
            LeaseLost: the shard belongs to another worker; these events are not audited.
            Stopped: the worker is stopping; the events will be read again.

        """
        for broken in self._heads.breaks(events):
            self._retry(partial(self._gaps.before, broken, self._hold), "gaps")
        appended = accept(events)
        self._heads.audited(event for _, event in appended.arrived)
        return appended


def product_gap(
    head_key: str, head: ChangeEvent | None, record: ChangeEvent, names: AttributeNames
) -> ChangeEvent:
    """Return the gap entry between a chain's last entry and a record. Pure: a repeat is identical.

    The entry holds both images at the gap, so that an entry removed next to it is detected.
    """
    before = None if head is None else head.product_after
    return replace(
        record,
        event_key=successor(head_key, "g"),
        kind="gap",
        before=before,
        after=record.product_before,
        changed=changed_names(before, record.product_before, names),
        stock_before=stock(before, names),
        stock_after=record.stock_before,
        actor=None,
        reason=None,
        note="the next change does not start from the state that the previous change left",
        reference=None,
        reverses=None,
        request_id=None,
        images_omitted=head is None or head.images_omitted,
    )


def shard_gap(
    product_id: str, key: str, after: str | None, why: str, moment: datetime
) -> ChangeEvent:
    """Return the gap entry of a whole shard, which may affect any product."""
    return ChangeEvent(
        event_key=key,
        kind="gap",
        product_id=product_id,
        product_name=None,
        before=None,
        after=None,
        changed=(),
        stock_before=None,
        stock_after=None,
        note=why,
        occurred_at=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        event_name=NO_RECORD,
        sequence_number=after or "0",
        view_type=BOTH_IMAGES,
    )
