"""The worker's metrics count its actions, and its log lines name the shard and events."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.observability.logs import JsonFormatter
from app.observability.metrics import REGISTRY
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended
from tests.support.builders import STAMPS, STREAM_ARN, a_cursor, an_item, as_boto3, inserted
from worker.effects.audit_writer import AuditWriter
from worker.pipeline.pipeline import Pipeline
from worker.stream.decode import decode


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"stockpulse_{name}", labels) or 0.0


class Audit:
    """Fails once, then accepts everything."""

    def __init__(self) -> None:
        self.failures = 1

    def append(self, events: Sequence[ChangeEvent]) -> Appended:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("throttled")
        return Appended([(a_cursor(n), event) for n, event in enumerate(events)], [])


class Lines(logging.Handler):
    """Log lines as JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


def test_a_page_is_counted_and_a_failure_is_logged_with_its_event_ids() -> None:
    lines, retry = Lines(), Retry(threading.Event())
    audit: Any = AuditWriter(Audit(), retry)  # type: ignore[arg-type]
    pipeline = Pipeline(audit, lambda *_: None, None, retry, STAMPS)  # type: ignore[arg-type]
    records = [as_boto3(inserted(an_item(ProductID=f"P{n}"))) for n in (1, 2)]
    names = ("records_total", "audited_total", "published_total")
    before = [*map(value, names), value("retries_total", part="audit")]
    logging.getLogger("app.runtime.retry").addHandler(lines)
    try:
        pipeline.process(records, STREAM_ARN)
    finally:
        logging.getLogger("app.runtime.retry").removeHandler(lines)
    after = [*map(value, names), value("retries_total", part="audit")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 2, 2, 1]
    (line,) = lines.texts
    assert all(decode(record, STREAM_ARN, STAMPS).id in line for record in records)
