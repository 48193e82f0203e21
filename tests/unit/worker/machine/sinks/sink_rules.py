"""Faults of sinks: receivers fail, and administrators pause, rewind and redrive."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.store.feed.cursor import before
from tests.unit.worker.machine.acts import Then, WorkerMachineBase, choices, products, then
from tests.unit.worker.machine.sinks.deployed import FIVE, ONE
from tests.unit.worker.machine.sinks.other_side import Answer, Kind
from tests.unit.worker.machine.sinks.sinks import ADMIN

FollowUp = tuple[list[str], Then]  # products to write, then steps to run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

names = st.sampled_from([ONE, FIVE])
answers = st.lists(
    st.builds(
        Answer,
        st.sampled_from(["accept", "unavailable", "reject", "error", "pause"]),
        first=st.integers(0, 5),
        retry_after=st.sampled_from([None, None, 0.0, 5.0]),
        seconds=st.sampled_from([0.0, 0.0, 0.2, 1.5, 8.0]),
    ),
    min_size=1,
    max_size=4,
)
kinds = st.sampled_from(["unavailable", "reject", "error"])
follow_ups = st.tuples(st.lists(products, max_size=4), then)
deployed = precondition(lambda self: self.world.sinks.sides)


class SinkRules(WorkerMachineBase):
    """Rules for receivers and administrators."""

    @precondition(lambda self: not self.world.sinks.sides)
    @rule(back=st.sampled_from([None, 0, 1, 3]), two=st.booleans(), then=then)
    def deploy_sinks(self, back: int | None, two: bool, then: Then) -> None:  # noqa: FBT001
        """Restart the workers with sinks, which begin now or before one of the newest rows."""
        for life in list(self.stage.lives):
            self.stage.kill(life)
        rows = sorted(self.world.sinks.arrivals.rows)
        past = back is not None and rows
        place = before(rows[-1 - min(back or 0, len(rows) - 1)].ms) if past else None
        self.world.sinks.deploy(place)
        for host in range(1 + two):
            self.stage.start(host)
        self.stage.run(*then)

    @deployed
    @rule(sink=names, answers=answers, follow_up=follow_ups)
    def answer(self, sink: str, answers: list[Answer], follow_up: FollowUp) -> None:
        self.world.sinks.sides[sink].answers += answers
        self._write_and_run(follow_up)

    @deployed
    @rule(sink=names, seconds=st.sampled_from([1.0, 15.0, 60.0]), follow_up=follow_ups)
    def be_down(self, sink: str, seconds: float, follow_up: FollowUp) -> None:
        self.world.sinks.sides[sink].down_until = self.world.hub.now + seconds
        self._write_and_run(follow_up)

    @deployed
    @rule(sink=names, product=products, kind=kinds, follow_up=follow_ups)
    def refuse_product(self, sink: str, product: str, kind: Kind, follow_up: FollowUp) -> None:
        """The receiver refuses every event of one product and accepts the others."""
        self.world.sinks.sides[sink].poison = {product: kind}
        self._write_and_run(([product, *follow_up[0], product], follow_up[1]))

    @deployed
    @rule(sink=names, same_process=st.booleans(), follow_up=follow_ups)
    def pause_sink(self, sink: str, same_process: bool, follow_up: FollowUp) -> None:  # noqa: FBT001
        if self._has_row(sink):
            self.world.sinks.control.pause(sink, ADMIN)
            self._write_and_run(follow_up, same_process=same_process)

    @deployed
    @rule(sink=names, same_process=st.booleans(), follow_up=follow_ups)
    def resume_sink(self, sink: str, same_process: bool, follow_up: FollowUp) -> None:  # noqa: FBT001
        if self._has_row(sink):
            self.world.sinks.control.resume(sink, ADMIN)
            self._write_and_run(follow_up, same_process=same_process)

    @deployed
    @rule(sink=names, choose=choices, same_process=st.booleans(), follow_up=follow_ups)
    def rewind_sink(self, sink: str, choose: int, same_process: bool, follow_up: FollowUp) -> None:  # noqa: FBT001
        """Rewind to right before one of the newest rows."""
        rows = sorted(self.world.sinks.arrivals.rows)[-8:]
        if self._has_row(sink) and rows:
            moment = EPOCH + timedelta(milliseconds=rows[choose % len(rows)].ms)
            self.world.sinks.control.rewind(sink, moment, ADMIN)
            self._write_and_run(follow_up, same_process=same_process)

    @deployed
    @rule(
        sink=st.sampled_from([ONE, FIVE, "audit"]),
        same_process=st.booleans(),
        again=st.booleans(),
        follow_up=follow_ups,
    )
    def redrive(self, sink: str, same_process: bool, again: bool, follow_up: FollowUp) -> None:  # noqa: FBT001
        """Redrive every dead letter; `again`: the receiver rejects it once more."""
        for letter in self.world.sinks.letters(sink):
            self.world.sinks.desk.redrive(letter.id, ADMIN)
            if sink != "audit" and again:
                self.world.sinks.sides[sink].poison = {letter.product_id: "reject"}
        self._write_and_run(follow_up, same_process=same_process)

    @deployed
    @rule(sink=names, then=then)
    def heal_sink(self, sink: str, then: Then) -> None:
        self.world.sinks.sides[sink].calm()
        self.stage.run(*then)

    def _has_row(self, sink: str) -> bool:
        return self.world.sinks.control.get(sink) is not None

    def _write_and_run(self, follow_up: FollowUp, *, same_process: bool = False) -> None:
        """`same_process`: the administrator acts in a worker's process, which notices at once."""
        written, then = follow_up
        for product in written:
            self.world.write(product)
        for life in self.stage.lives:
            if same_process and life.worker is not None:
                life.worker.check_soon()
        self.stage.run(*then)
