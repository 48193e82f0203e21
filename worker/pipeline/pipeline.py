"""A batch is durable before it is published, and published before it is checkpointed.

The pipeline does not know its host: a reader thread or a Lambda function. When `process` returns,
every record is audited and published, or parked as a dead letter of the audit. Sinks are not called
here: they read the log that the pipeline writes (`worker/consumers`).
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from app.core.events import ChangeEvent
from app.core.stamps import Stamps
from app.observability.logs import about
from app.observability.metrics import PUBLISHED, RECORDS
from app.runtime.retry import Retry
from app.store.coordination.hold import Hold, Unleased
from app.store.coordination.sink_row import AUDIT
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from worker.continuity.gaps import ChainGuard
from worker.effects.audit_writer import AuditWriter
from worker.effects.publish_order import PublishWithHold
from worker.pipeline.parallel import chunks, run_parallel, split_by_product
from worker.stream.decode import NotAProduct, UndecodableRecord, decode, event_key, identify
from worker.stream.record_shapes import is_sequence_number

_log = logging.getLogger(__name__)

Record = Mapping[str, Any]

# Batches that each part processes before all parts wait for the slowest.
DEPTH = 4


class Pipeline:
    """Decode → audit and feed → broker, in the order of the records."""

    def __init__(
        self,
        audit: AuditWriter,
        publish: PublishWithHold,
        dead_letters: DeadLetters,
        retry: Retry,
        stamps: Stamps,
        *,
        parallelization_factor: int = 1,
    ) -> None:
        """`parallelization_factor`: how many batches of different products run in parallel."""
        self._audit = audit
        self._publish = publish
        self._dead_letters = dead_letters
        self._retry = retry
        self._stamps = stamps
        self._names = stamps.names
        self._most = parallelization_factor
        self.took: tuple[float | None, float | None] = (None, None)  # seconds: to store, to publish

    def process(
        self,
        records: Sequence[Record],
        stream_arn: str,
        hold: Hold | None = None,
        guard: ChainGuard | None = None,
    ) -> None:
        """Process a page of one shard's records, read under `hold` (None: without a lease).

        `guard` lives as long as the shard's lease.

        Raises:
            LeaseLost: the shard belongs to another worker, which reads the page again.
            Stopped: the worker is stopping; the page will be read again.

        """
        RECORDS.inc(len(records))
        page = _Page(stream_arn, hold or Unleased(), guard)
        for some in chunks(records, self._most * DEPTH):
            run_parallel(
                partial(self._part, page=page), split_by_product(some, self._most, self._names)
            )

    def _part(self, records: Sequence[Record], page: "_Page") -> None:
        for batch in chunks(records):
            decoded: dict[str, tuple[ChangeEvent, Record]] = {}
            for record in batch:
                event = self._decode(record, page)
                if event is not None:
                    decoded.setdefault(event.id, (event, record))
            if decoded:
                with about(event_ids=list(decoded)):
                    self._write(decoded, page)

    def _write(self, decoded: Mapping[str, tuple[ChangeEvent, Record]], page: "_Page") -> None:
        events = [event for event, _ in decoded.values()]
        accept = partial(self._audit.accept, hold=page.hold)
        began = time.monotonic()
        appended = accept(events) if page.guard is None else page.guard.accept(events, accept)
        for event, error in appended.refused:
            _, record = decoded[event.id]
            with about(event_id=event.id):
                self._park(record, event.product_id, event.event_key, error, page)
        stored = time.monotonic()
        self._publish(appended.arrived, page.hold)
        self.took = (round(stored - began, 3), round(time.monotonic() - stored, 3))
        PUBLISHED.inc(len(appended.arrived))

    def _decode(self, record: Record, page: "_Page") -> ChangeEvent | None:
        try:
            return decode(record, page.stream_arn, self._stamps)
        except NotAProduct:
            return None
        except UndecodableRecord as error:
            product_id, sequence_number = identify(record, self._names)
            if not is_sequence_number(sequence_number):  # the keys of dead letters must differ
                sequence_number = sha256(repr(record).encode("utf-8", "replace")).hexdigest()
            key = event_key(page.stream_arn, sequence_number)
            self._park(record, product_id, key, str(error), page)
            return None

    def _park(self, record: Record, product_id: str, key: str, error: str, page: "_Page") -> None:
        _log.error("parked a record of product %r: %s", product_id, error)
        letter = Letter(
            sink=AUDIT,
            product_id=product_id,
            event_key=key,
            record=record,
            stream_arn=page.stream_arn,
            error=error,
        )
        self._retry(lambda: self._dead_letters.park([letter], page.hold), "dead letters")


@dataclass(frozen=True, slots=True)
class _Page:
    """The stream that the records come from, their lease, and its chain guard."""

    stream_arn: str
    hold: Hold
    guard: ChainGuard | None
