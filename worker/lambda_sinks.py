"""The optional sinks of a Lambda function, wired once a container: inline, then by a tick."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from worker.sinks.drain import ClaimWatch
from worker.sinks.inline import INLINE_SECONDS, InlineSinks
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.policy import IN_LANE, Backoff
from worker.sinks.sink import Sink
from worker.sinks.tick import drain_tick
from worker.wiring import Wiring


class LambdaSinks:
    """`process` takes a batch through the pipeline and the sinks; `tick` drains their lanes."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        wiring: Wiring,
        *,
        seconds: float = INLINE_SECONDS,
        backoff: Backoff = IN_LANE,
        watch: ClaimWatch | None = None,
    ) -> None:
        bounded = wiring.bounded(sinks, seconds)
        self._pipeline = wiring.pipeline
        self._inline = InlineSinks(bounded, wiring.letters, wiring.lanes, wiring.retry)
        self.tick = drain_tick(wiring.lanes, wiring.drain(bounded, OpenLanes(), backoff), watch)

    def process(self, records: Sequence[Mapping[str, Any]], stream_arn: str) -> None:
        """Take records of one stream; on return each sink has accepted or parked them.

        Raises:
            Stopped: time is up; the records must come again.

        """
        self._pipeline.process(records, stream_arn, then=partial(self._inline.take, stream_arn))
