"""Each trial delivers events of its own in one way, and compares what the receiver then holds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from app.core.events import ChangeEvent
from worker.sinks.conformance.child import LONGEST_CALL, Broken, Calls, Child
from worker.sinks.conformance.holding import differences
from worker.sinks.conformance.odd_history import history
from worker.sinks.conformance.work import Delivered

CALL = 6  # events in a call, at most: a call that holds the whole history would repeat all of it
CRASHES = 12  # lines of the sink before which the process is killed, at most


class Trial(NamedTuple):
    """The outcome of one trial: what was done, and what was wrong, as sentences."""

    name: str
    done: str
    faults: Sequence[str]


class Conformance:
    """The trials of one sink.

    `reference`: the function or `Sink` as `module:name`. `holds`: a function as `module:name` that
    says what the receiver holds (see `holding`); None if nothing can say it. `run` makes the ids
    of the products unique.
    """

    def __init__(self, reference: str, holds: str | None, run: str) -> None:
        self.rejected: dict[str, str] = {}  # errors by event id
        self._reference, self._holds, self._run = reference, holds, run
        self._skipped: set[str] = set()
        self._faults: list[str] = []

    def trials(self) -> Iterator[Trial]:
        """Run the trials one after another, until events cannot even be delivered.

        Raises:
            Broken: the sink cannot be tried.

        """
        with ExitStack() as opened:
            self._child = opened.enter_context(Child(self._reference))
            if self._holds is not None:
                self._reader = opened.enter_context(Child(self._holds))
            self._sink = self._child.describe()
            for name, trial in self._all().items():
                events = history(f"{self._run}-{name}", internal=self._sink.internal)
                self._faults = []
                try:
                    done = trial(_batches(events, min(CALL, self._sink.batch_size)))
                except Broken as error:
                    done = "ended early"
                    self._faults.append(str(error))
                yield Trial(name, done, self._faults)
                if name == "delivery" and self._faults:
                    return  # the other trials would only say the same

    def _all(self) -> dict[str, Callable[[Calls], str]]:
        return {
            "delivery": self._delivery,
            "duplicates": self._duplicates,
            "replay": self._replay,
            "order": self._order,
            "crash": self._crash,
        }

    def _delivery(self, calls: Calls) -> str:
        self._deliver(calls)
        self._compare(calls)
        return f"{_count(calls)} events in {len(calls)} calls"

    def _duplicates(self, calls: Calls) -> str:
        self._deliver([call for call in calls for _ in range(2)])
        self._compare(calls)
        return f"{_count(calls)} events, each call made twice"

    def _replay(self, calls: Calls) -> str:
        self._deliver(calls)
        for repeated in (calls[:1], calls):  # the first call alone must not take products back
            self._deliver(repeated)
            self._compare(calls)
        return f"{_count(calls)} events again from the beginning"

    def _order(self, calls: Calls) -> str:
        """Products are independent: theirs arrive in any order, or at the same time."""
        by_product: dict[str, list[ChangeEvent]] = {}
        for call in calls:
            for event in call:
                by_product.setdefault(event.product_id, []).append(event)
        apart = [
            call
            for events in reversed(by_product.values())
            for call in _batches(events, min(2, self._sink.batch_size))
        ]
        together = self._sink.parallelization_factor > 1
        self._deliver(apart, side_by_side=together)
        self._compare(apart)
        how = "at the same time" if together else "the last product first"
        return f"{_count(calls)} events of {len(by_product)} products, {how}"

    def _crash(self, calls: Calls) -> str:
        """The process dies in a call; another one makes the call again, and goes on."""
        events = [event for call in calls for event in call]
        first, *small = _batches(events, min(2, self._sink.batch_size))
        lines = self._deliver([first])[0].lines
        if not lines:
            return "not tried: no line of Python of the sink was run"
        count = min(CRASHES, len(lines), len(small))
        points = [lines[number * len(lines) // count][number % 2] for number in range(count)]
        for number, call in enumerate(small):
            if number < count:
                with Child(self._reference) as dying:
                    dying.die_delivering(call, points[number])
            self._deliver([call])
        self._compare([first, *small])
        return f"killed {count} times in a call, which was then made again"

    def _deliver(self, calls: Calls, *, side_by_side: bool = False) -> list[Delivered]:
        done = self._child.deliver(calls, side_by_side=side_by_side)
        for one in done:
            self.rejected |= one.rejected
            self._skipped |= one.skipped
            if one.error is not None and one.error not in self._faults:
                self._faults.append(one.error)
            if one.seconds > LONGEST_CALL:
                took = f"a call took {one.seconds:.0f} s; a lease lasts {LONGEST_CALL:.0f} s"
                self._faults.append(took)
        return done

    def _compare(self, calls: Calls) -> None:
        if self._holds is None or self._faults:
            return
        out = self.rejected.keys() | self._skipped
        events = [event for call in calls for event in call if event.id not in out]
        try:
            self._faults += differences(events, self._reader.result())
        except (TypeError, Broken) as error:
            raise Broken(f"{self._holds}: {error}") from None


def _batches(events: Sequence[ChangeEvent], size: int) -> list[Sequence[ChangeEvent]]:
    return [events[start : start + size] for start in range(0, len(events), size)]


def _count(calls: Calls) -> int:
    return sum(map(len, calls))
