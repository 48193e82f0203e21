"""The fake receiver behind a sink: the rules choose whether it accepts, rejects, fails or hangs."""

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
    """The answer to one call; `first`: how many events it rejects, or accepts before it fails."""

    kind: Kind = "accept"
    first: int = 0
    retry_after: float | None = None
    seconds: float = 0.0  # before the answer


@dataclass(eq=False)
class Call:
    """One running call of a sink."""

    worker: str
    events: Sequence[ChangeEvent]
    answer: Answer
    epoch: int  # how often the sink had been rewound when the call began

    @property
    def accepted(self) -> Sequence[ChangeEvent]:
        """The events that the receiver accepts."""
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
    """The receiver of one sink, for calls by any worker."""

    def __init__(self, deliveries: Deliveries) -> None:
        self.deliveries = deliveries
        self.answers: list[Answer] = []  # for the next calls
        self.poison: dict[str, Kind] = {}  # products whose events it refuses, and how
        self.down_until = 0.0  # simulated seconds

    def calm(self) -> None:
        """Accept everything from now on."""
        self.answers.clear()
        self.poison.clear()
        self.down_until = 0.0

    @contextmanager
    def call(self, worker: str, events: Sequence[ChangeEvent]) -> Iterator[Call]:
        """A running call, checked at its beginning and end."""
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
        """Accept or reject the call's events."""
        self.deliveries.tally[f"sink call: {call.answer.kind}"] += 1
        if call.answer.kind == "reject":
            for event in call.events[: call.answer.first]:
                self.deliveries.rejected((event.product_id, event.event_key))
        for event in call.accepted:
            self.deliveries.accepted((event.product_id, event.event_key), call.epoch, call.worker)

    def _answer(self, events: Sequence[ChangeEvent]) -> Answer:
        if self.deliveries.now() < self.down_until:
            return Answer("unavailable")
        bad = [n for n, event in enumerate(events) if event.product_id in self.poison]
        if bad:
            kind = self.poison[events[bad[0]].product_id]
            return Answer(kind, 1 if kind == "reject" and bad[0] == 0 else bad[0])
        return self.answers.pop(0) if self.answers else Answer()
