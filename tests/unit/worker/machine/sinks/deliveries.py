"""A sink's saved position covers only events that were delivered or dead-lettered.

The assertion fails in the call or save that breaks an invariant.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.core.events import RESERVED
from app.store.coordination.sink_row import SinkRow, sink_of
from app.store.feed.cursor import Cursor
from app.store.timeline.position import decoded
from tests.unit.worker.machine.checks.written import Ref, Written
from tests.unit.worker.machine.sinks.deployed import UNWANTED
from tests.unit.worker.machine.sinks.known import NOTICED, Known
from worker.consumers.sink import Sink

if TYPE_CHECKING:
    from tests.unit.worker.machine.sinks.other_side import Call

Item = dict[str, Any]


class Deliveries:
    """One sink's deliveries, and the invariants about them."""

    def __init__(self, sink: Sink, known: Known, tally: Counter[str], start: Cursor | None) -> None:
        """`start`: the first cursor that the deployment's settings name, if any."""
        self.sink = sink
        self.now = known.now
        self.tally = tally
        self.epoch = 0
        self._known = known
        self._wanted_start = start
        self._newest_at_deploy = known.arrivals.newest
        self.start: Cursor | None = None  # the first cursor; None before the first start
        self._edge: Cursor | None = None  # where the sink started or was last rewound to
        self._old_edges: list[tuple[Cursor, float]] = []  # and when each was replaced
        self._earliest: Cursor | None = None
        self._done: set[Ref] = set()  # since the last rewind
        self._ever: set[Ref] = set()
        self._unlettered: set[Ref] = set()  # accepted since their letter was last written
        self._row = SinkRow(sink.name)
        self._state_since = self._version_since = -NOTICED
        self._calls: list[Call] = []
        self._wants_pause: set[str] = set()  # workers whose call was answered with a pause

    @property
    def state(self) -> str:
        """The sink's state: `running` or another."""
        return self._row.state

    @property
    def owner(self) -> str | None:
        """The worker that holds its lease."""
        return self._row.owner

    # Calls

    def begun(self, call: "Call") -> None:
        """Check a call that a worker begins."""
        own = [one for one in self._calls if one.worker == call.worker]
        busy = {event.product_id for one in own for event in one.events}
        products = {event.product_id for event in call.events}
        assert not busy & products, f"{self.sink.name} gets {busy & products} in parallel"
        assert len(own) < self.sink.parallelization_factor, "too many calls at once"
        assert 0 < len(call.events) <= self.sink.batch_size
        assert call.worker == self._row.owner, f"{call.worker} calls the sink of {self._row.owner}"
        assert call.worker not in self._wants_pause, "called again after it asked for a pause"
        if self._row.state != "running":
            known = self._known.must_know(call.worker, self._state_since)
            assert not known, f"called while {self._row.state}"
        for event in call.events:
            self._begun(event.product_id, event.event_key)
        self.tally["sink called by two workers at once"] += len(own) < len(self._calls)
        self._calls.append(call)

    def _begun(self, *ref: str) -> None:
        product_id, key = ref
        assert self._earliest is not None, "called before its first cursor was saved"
        assert self._known.entry((product_id, key)) is not None, f"{ref} has no audit entry"
        assert self._is_wanted((product_id, key)), f"{ref} is not wanted"
        after = self._known.arrivals.arrived_after((product_id, key), self._earliest)
        assert after, f"{ref} arrived before {self._earliest}"

    def ended(self, call: "Call") -> None:
        """Record that the call returned or its worker died."""
        self._calls.remove(call)

    def wants_pause(self, call: "Call") -> None:
        """Record that the sink answers a call with a pause.

        A worker that has yet to notice an administrator's action may run the sink again.
        """
        if self._known.must_know(call.worker, self._version_since):
            self._wants_pause.add(call.worker)

    def rejected(self, ref: Ref) -> None:
        """Record a rejected event; it is done once it has a dead letter."""
        self._ever.add(ref)

    def accepted(self, ref: Ref, epoch: int, worker: str) -> None:
        """Check the order of an accepted event, and record it."""
        chain = self._known.chain(ref[0])
        written = next((one for one in chain if one.ref == ref), None)
        if written is not None and ref not in self._ever:
            edge = self._latest_edge(worker)
            for earlier in chain[: written.place]:
                assert not self._is_due_before(earlier, edge), (
                    f"{ref} was delivered before {earlier.ref}"
                )
        self.tally["delivered again"] += ref in self._ever
        self._ever.add(ref)
        self._unlettered.add(ref)
        if epoch == self.epoch:
            self._done.add(ref)

    def _latest_edge(self, worker: str) -> Cursor:
        """The latest place from which the worker may be reading.

        Until it notices a rewind, it goes on from where it was rewound to before.
        """
        assert self.start is not None
        assert self._edge is not None
        old = [edge for edge, since in self._old_edges if not self._known.must_know(worker, since)]
        return max(self.start, self._edge, *old)

    def _is_due_before(self, earlier: Written, edge: Cursor) -> bool:
        """Whether a change must be delivered before later changes of its product.

        An event that first arrived before the sink's start and arrives again may come later.
        """
        return (
            earlier.ref not in self._ever
            and not earlier.lost
            and self._known.entry(earlier.ref) is not None
            and self._is_wanted(earlier.ref)
            and self._known.arrivals.first(earlier.ref) > edge
            and not self._known.arrivals.is_excused(earlier.ref)
        )

    # Rows

    def lettered(self, ref: Ref, after: Item | None) -> None:
        """Check a dead letter of the sink that was written, or removed (None)."""
        if after is None:
            assert ref in self._unlettered, f"dead letter of {ref} removed without a delivery"
            self.tally["dead letter redriven"] += 1
            return
        self._done.add(ref)
        self._ever.add(ref)
        self._unlettered.discard(ref)
        self.tally[f"dead letter: {self.sink.name}"] += 1

    def saved(self, item: Item) -> None:
        """Check a write to the sink's row."""
        before, row, caller = self._row, sink_of(item), self._known.caller()
        assert row is not None
        self._row = row
        if (row.version, row.counter) != (before.version, before.counter):
            self._wants_pause.clear()
        if row.version != before.version:
            self._version_since = self.now()
        if row.state != before.state:
            self._state_since = self.now()
        if before.owner is not None and before.owner == caller and row.owner != caller:
            running = [one for one in self._calls if one.worker == caller]
            assert not running, f"{caller} released {row.name} while calls were running"
        if (row.cursor, row.taken) == (before.cursor, before.taken) or row.cursor is None:
            return
        if caller is None or before.cursor is None:
            self._set(row.cursor, by_worker=caller is not None)
            return
        assert row.owner == caller, f"{caller} saved {row.name} of {row.owner}"
        assert row.cursor >= before.cursor, f"{row.name} went back to {row.cursor}"
        self._check(row, row.cursor)

    def _set(self, place: Cursor, *, by_worker: bool) -> None:
        """Record the sink's first cursor, or an administrator's rewind."""
        if by_worker:
            newest = self._known.arrivals.newest
            if self._wanted_start is not None:
                assert place == self._wanted_start
            elif self._newest_at_deploy is not None:
                assert newest is not None
                assert self._newest_at_deploy <= place <= newest
        if self.start is None:
            self.start = place
        else:
            self.epoch += 1
            self.tally["sink rewound"] += 1
            assert self._edge is not None
            self._old_edges.append((self._edge, self.now()))
        self._edge = place
        self._earliest = min(place, self._earliest or place)
        arrivals = self._known.arrivals
        self._done = {ref for ref in self._done if not arrivals.arrived_after(ref, place)}

    def _check(self, row: SinkRow, cursor: Cursor) -> None:
        """Check that every event covered by the saved position is done."""
        position, edge = decoded(cursor, row.taken), self._edge
        assert edge is not None
        self.tally["events remembered beyond the cursor"] += bool(row.taken)
        for place, refs in self._known.arrivals.rows.items():
            if place <= edge or place in self._known.arrivals.late:
                continue
            for n, ref in enumerate(refs):
                if position.has(place.at(n)) and not self._is_done(ref):
                    excused = self._arrives_again(place, refs[: n + 1])
                    assert excused, f"{row.name} saved {cursor}, past {ref} at {place}"

    def _arrives_again(self, place: Cursor, refs: Sequence[Ref]) -> bool:
        """Whether the last of a row's events is left to another row.

        The writer died before the batch was complete: an entry of the product is missing, up to
        this event, so the whole batch is written again under a later cursor.
        """
        last = refs[-1]
        missing = any(ref[0] == last[0] and self._known.entry(ref) is None for ref in refs)
        arrivals = self._known.arrivals
        again = arrivals.arrived_after(last, place) or arrivals.entered_overdue(last, place)
        return arrivals.is_overdue(place) and (missing or again)

    def _is_done(self, ref: Ref) -> bool:
        return ref in self._done or not self._is_wanted(ref)

    def _is_wanted(self, ref: Ref) -> bool:
        entry = self._known.entry(ref)
        hidden = ref[0].startswith(RESERVED) or (entry or {}).get("Kind") == {"S": "internal"}
        return (self.sink.internal or not hidden) and ref[0] not in UNWANTED.get(
            self.sink.name, set()
        )

    def left(self) -> list[Ref]:
        """Events still to be delivered."""
        if self._edge is None:
            return []
        return [
            ref
            for ref, places in self._known.arrivals.places.items()
            if not self._is_done(ref)
            and self._known.entry(ref) is not None
            and any(place > self._edge for place in places)
            and not self._known.arrivals.is_excused(ref)
            and not any(one.ref == ref and one.lost for one in self._known.chain(ref[0]))
        ]
