"""The receiver behind a sink; the rules decide whether it accepts, rejects, fails or hangs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from app.core.events import ChangeEvent
from tests.unit.worker.machine.sinks.deliveries import Deliveries
from worker.consumers.sink import PauseSink, Rejected, Unavailable

Kind = Literal["accept", "reject", "unavailable", "error", "pause"]


@dataclass(frozen=True)
class Answer:
    """How one call is answered; `first`: how many events are accepted, or rejected, at least."""

    kind: Kind = "accept"
    first: int = 0
    retry_after: float | None = None
    seconds: float = 0.0  # before the answer


@dataclass(eq=False)
class Call:
    """One call of a sink that is under way."""

    worker: str
    events: Sequence[ChangeEvent]
    answer: Answer
    epoch: int  # how often the sink had been rewound when it began

    @property
    def accepted(self) -> Sequence[ChangeEvent]:
        """The events that the other side takes."""
        match self.answer.kind:
            case "accept":
                return self.events
            case "reject":
                return self.events[self.answer.first :]
            case "unavailable" | "pause":
                return self.events[: self.answer.first]
        return []

    def result(self) -> Sequence[Rejected]:
        """What the sink returns or raises."""
        match self.answer.kind:
            case "reject":
                return [Rejected(event, "rejected") for event in self.events[: self.answer.first]]
            case "unavailable":
                accepted = len(self.accepted)
                raise Unavailable("down", retry_after=self.answer.retry_after, delivered=accepted)
            case "pause":
                raise PauseSink("enough", delivered=len(self.accepted))
            case "error":
                raise ValueError("a fault of the sink")
        return []


class OtherSide:
    """The other side of one sink, whichever worker calls."""

    def __init__(self, deliveries: Deliveries) -> None:
        self.deliveries = deliveries
        self.answers: list[Answer] = []  # to the next calls
        self.poison: dict[str, Kind] = {}  # products whose events it does not accept
        self.down_until = 0.0  # simulated seconds

    def calm(self) -> None:
        """It accepts everything."""
        self.answers.clear()
        self.poison.clear()
        self.down_until = 0.0

    @contextmanager
    def call(self, worker: str, events: Sequence[ChangeEvent]) -> Iterator[Call]:
        """A call from its beginning to its end."""
        call = Call(worker, events, self._answer(events), self.deliveries.epoch)
        self.deliveries.begun(call)
        try:
            yield call
        except PauseSink:
            self.deliveries.wants_pause(call)
            raise
        finally:
            self.deliveries.ended(call)

    def take(self, call: Call) -> None:
        """The moment at which the other side accepts what it does."""
        self.deliveries.tally[f"sink call: {call.answer.kind}"] += 1
        if call.answer.kind == "reject":
            for event in call.events[: call.answer.first]:
                self.deliveries.rejected((event.product_id, event.event_key))
        for event in call.accepted:
            self.deliveries.accepted((event.product_id, event.event_key), call.epoch)

    def _answer(self, events: Sequence[ChangeEvent]) -> Answer:
        if self.deliveries.now() < self.down_until:
            return Answer("unavailable")
        bad = [n for n, event in enumerate(events) if event.product_id in self.poison]
        if bad:
            kind = self.poison[events[bad[0]].product_id]
            return Answer(kind, 1 if kind == "reject" and bad[0] == 0 else bad[0])
        return self.answers.pop(0) if self.answers else Answer()
