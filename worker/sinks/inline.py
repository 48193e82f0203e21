"""Where no thread outlives the call (Lambda), a record gets one bounded attempt, then its lane.

Which lanes are open is read for each batch, so that every invocation sees what another
parked. A sink that hung is left alone for a minute: each hang costs its whole bound.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from app.store.dead_letters import DeadLetters, LaneID
from app.store.lanes import Lanes
from app.store.letters import Letter
from worker.retry import Retry, Stopped
from worker.sinks.bounded import Bounded, DeliveryHung, SinkStuck
from worker.sinks.sink import Taken, letter_for, said

INLINE_SECONDS = 5.0  # a delivery's bound: an invocation has little time
LEFT_ALONE = 60.0  # seconds after a hang


class InlineSinks:
    """The optional sinks of one container; `take`, for a stream, is the pipeline's `then`."""

    def __init__(
        self,
        sinks: Mapping[str, Bounded],
        letters: DeadLetters,
        lanes: Lanes,
        retry: Retry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sinks = sinks
        self._letters = letters
        self._lanes = lanes
        self._retry = retry
        self._monotonic = monotonic
        self._hung: dict[str, tuple[float, str]] = {}

    def take(self, stream_arn: str, taken: Sequence[Taken]) -> None:
        """Deliver or park a batch, in its order; every record is one or the other on return.

        Raises:
            Stopped: the host is ending; the batch must come again.

        """
        if not self._sinks:
            return
        ids = [(sink, one.event.product_id) for sink in self._sinks for one in taken]
        closed_to = self._retry(lambda: self._lanes.which_open(ids), "lanes")
        parked: list[Letter] = []
        for sink in self._sinks:
            for one in taken:
                letter = self._try(sink, one, stream_arn, closed_to)
                if letter is not None:
                    parked.append(letter)
        if parked:
            self._retry(lambda: self._letters.park(parked), "dead letters")

    def _try(
        self, sink: str, taken: Taken, stream_arn: str, open_lanes: set[LaneID]
    ) -> Letter | None:
        """None for what was accepted; adds to the open lanes."""
        lane = (sink, taken.event.product_id)
        if lane in open_lanes:
            return letter_for(sink, taken, stream_arn)
        attempts, error = 0, self._hang_of(sink)
        if not error:
            try:
                self._sinks[sink](taken.event)
            except Stopped:
                raise
            except Exception as failure:  # noqa: BLE001 - a sink may fail in any way
                attempts, error = 1, said(failure)
                if isinstance(failure, (DeliveryHung, SinkStuck)):
                    self._hung[sink] = (self._monotonic(), error)
            else:
                return None
        open_lanes.add(lane)
        return letter_for(sink, taken, stream_arn, error=error, attempts=attempts, state="parked")

    def _hang_of(self, sink: str) -> str:
        """Why the sink is left alone just now; empty where it is not."""
        at, error = self._hung.get(sink, (0.0, ""))
        return error if error and self._monotonic() - at < LEFT_ALONE else ""
