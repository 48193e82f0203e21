"""A batch is durable before it is published, and published before it is checkpointed.

The pipeline never knows which host calls it: a reader thread here, Lambda elsewhere. When
`process` returns, every record was audited and published, or parked.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from app.events import ChangeEvent
from app.item import AttributeNames
from app.logs import about
from app.metrics import PUBLISHED, RECORDS
from app.store.dead_letters import DeadLetters
from app.store.feed import ROW_LIMIT
from worker.order import Publish
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.stream.decode import UNKNOWN, UndecodableRecord, decode, identify

_log = logging.getLogger(__name__)

Record = Mapping[str, Any]


class Pipeline:
    """Decode → audit and feed → broker, in the order of the records."""

    def __init__(
        self,
        audit: AuditSink,
        publish: Publish,
        dead_letters: DeadLetters,
        retry: Retry,
        names: AttributeNames,
        reached: Callable[[str], None] = lambda _point: None,
    ) -> None:
        """`reached` is told of each point that a crash could fall on; only fault tests listen."""
        self._audit = audit
        self._publish = publish
        self._dead_letters = dead_letters
        self._retry = retry
        self._names = names
        self._reached = reached

    def process(self, records: Sequence[Record], stream_arn: str) -> None:
        """Take a page of one shard's records.

        Raises:
            Stopped: the worker is ending; the page will be read again.

        """
        RECORDS.inc(len(records))
        for batch in _batches(records):
            decoded: dict[str, tuple[ChangeEvent, Record]] = {}
            for record in batch:
                event = self._decode(record, stream_arn)
                if event is not None:
                    decoded.setdefault(event.id, (event, record))
            if decoded:
                with about(event_ids=list(decoded)):
                    self._take(decoded)

    def _take(self, decoded: Mapping[str, tuple[ChangeEvent, Record]]) -> None:
        self._reached("before audit")
        appended = self._audit.accept([event for event, _ in decoded.values()])
        for event, error in appended.refused:
            with about(event_id=event.id):
                self._park(decoded[event.id][1], event.product_id, event.event_key, error)
        self._reached("between audit and broker")
        self._publish(appended.arrived)
        PUBLISHED.inc(len(appended.arrived))
        self._reached("between broker and checkpoint")

    def _decode(self, record: Record, stream_arn: str) -> ChangeEvent | None:
        try:
            return decode(record, stream_arn, self._names)
        except UndecodableRecord as error:
            product_id, sequence_number = identify(record, self._names)
            if sequence_number == UNKNOWN:  # two such records must not overwrite each other
                sequence_number = sha256(repr(record).encode("utf-8", "replace")).hexdigest()
            self._park(record, product_id, f"{stream_arn}#{sequence_number}", str(error))
            return None

    def _park(self, record: Record, product_id: str, key: str, error: str) -> None:
        _log.error("parked a record of product %r: %s", product_id, error)
        self._retry(
            lambda: self._dead_letters.park(
                record, sink="audit", product_id=product_id, key=key, error=error
            ),
            "dead letters",
        )


def _batches(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    return (records[start : start + ROW_LIMIT] for start in range(0, len(records), ROW_LIMIT))
