"""The optional sinks of a Lambda function, wired once a container: inline, then by a tick."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.dead_letters import DeadLetters
from app.store.lanes import Lanes
from app.store.letters import AUDIT
from worker.order import Tell
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks import redrive
from worker.sinks.audit import AuditSink
from worker.sinks.bounded import Bounded
from worker.sinks.drain import ClaimWatch, Drain
from worker.sinks.inline import INLINE_SECONDS, InlineSinks
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.policy import IN_LANE, Backoff
from worker.sinks.sink import Sink
from worker.sinks.tick import drain_tick


class LambdaSinks:
    """`process` takes a batch through the pipeline and the sinks; `tick` drains their lanes."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        audit: AuditRepository,
        audit_sink: AuditSink,
        publish: Tell,
        pipeline: Pipeline,
        letters: DeadLetters,
        lanes: Lanes,
        names: AttributeNames,
        retry: Retry,
        stop: threading.Event,
        seconds: float = INLINE_SECONDS,
        backoff: Backoff = IN_LANE,
        watch: ClaimWatch | None = None,
    ) -> None:
        bounded = {sink.name: Bounded(sink, stop, seconds) for sink in sinks}
        self._pipeline = pipeline
        self._inline = InlineSinks(bounded, letters, lanes, retry)
        known = OpenLanes()
        deliveries = {
            name: redrive.for_sink(deliver, audit, names) for name, deliver in bounded.items()
        }
        deliveries[AUDIT] = redrive.for_audit(
            audit_sink, publish, letters, list(bounded), known, names
        )
        drain = Drain(lanes, deliveries, known, retry, backoff=backoff)
        self.tick = drain_tick(lanes, drain, watch)

    def process(self, records: Sequence[Mapping[str, Any]], stream_arn: str) -> None:
        """Take records of one stream; on return each sink has accepted or parked them.

        Raises:
            Stopped: time is up; the records must come again.

        """
        self._pipeline.process(records, stream_arn, then=partial(self._inline.take, stream_arn))
