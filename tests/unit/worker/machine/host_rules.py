"""Faults of hosts and workers: wrong clocks, crashes, pauses and failing calls."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.fakes.fake_wire import Order, Trouble
from tests.unit.worker.machine.acts import Then, WorkerMachineBase, choices, products, then
from tests.unit.worker.machine.world import PRODUCTS_KNOWN

HOUR = 3600.0
MANY = 20  # calls: more than the retries of a record, and about 30 s
Call = tuple[int, str | None]  # how many calls succeed first, of which operation (None: any)

nth = st.integers(0, 3)
orders = st.sampled_from(["row first", "row last"])
past_lease = st.sampled_from([11.0, 13.0, 30.0])  # seconds: the other worker starts, or is done
operations = (
    "batch_write_item",
    "publish",
    "update_item",
    "transact_write_items",
    "put_item",
    "delete_item",
    "get_records",
    "deliver",
)
calls = st.one_of(
    st.tuples(nth, st.sampled_from(operations)), st.tuples(st.integers(0, 12), st.none())
)

FollowUp = tuple[list[str], Then]  # products to write, then steps to run

follow_ups = st.tuples(st.lists(products, max_size=3), then)
a_worker_runs = precondition(lambda self: self.stage.lives)


class HostRules(WorkerMachineBase):
    """Rules for hosts and the workers on them."""

    @rule(host=st.integers(0, 1), skew=st.sampled_from([-HOUR, 0.0, HOUR]))
    def set_clock(self, host: int, skew: float) -> None:
        self.stage.skew[host] = skew

    @rule(skew=st.sampled_from([-HOUR, 0.0, HOUR]))
    def set_clock_of_store(self, skew: float) -> None:
        self.world.set_clock(skew)

    @rule(steps=st.integers(1, 300), seed=st.integers(0, 2**16))
    def work(self, steps: int, seed: int) -> None:
        self.stage.run(steps, seed)

    @rule(seconds=st.sampled_from([12.0, 70.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.stage.run_for(seconds)

    @a_worker_runs
    @rule(who=choices, call=calls, after=st.booleans(), follow_up=follow_ups)
    def crash(self, who: int, call: Call, after: bool, follow_up: FollowUp) -> None:  # noqa: FBT001
        self._trouble(who, "crash after" if after else "crash before", call, follow_up)

    @a_worker_runs
    @rule(who=choices, crash=st.booleans(), after=nth, follow_up=follow_ups)
    def write_batch_in_part(self, who: int, crash: bool, after: int, follow_up: FollowUp) -> None:  # noqa: FBT001
        trouble: Trouble = "crash within" if crash else "part"
        self._trouble(who, trouble, (after, "batch_write_item"), follow_up)

    @a_worker_runs
    @rule(who=choices, order=orders, after=nth, follow_up=follow_ups)
    def write_batch_slowly(self, who: int, order: Order, after: int, follow_up: FollowUp) -> None:
        """A batch's feed row becomes visible seconds before its audit entries, or after them."""
        self._trouble(who, order, (after, "batch_write_item"), follow_up)

    @a_worker_runs
    @rule(who=choices, order=st.one_of(st.none(), orders))
    def write_batches_in_steps(self, who: int, order: Order | None) -> None:
        self.life(who).wire.batches = order

    @a_worker_runs
    @rule(product=products, other=products, seconds=st.sampled_from([3.0, 8.0, 20.0]))
    def write_behind_a_slow_pass(self, product: str, other: str, seconds: float) -> None:
        """A feed row becomes visible behind the rows that a pass of several pages has read."""
        for life in self.stage.lives:
            life.wire.slow_reads = True
        self.stage.run_for(seconds)
        for life in self.stage.lives:
            life.wire.arm("row last", 0, "batch_write_item")
        for _ in range(4):
            self.world.write(product)
            self.world.write(other)
        self.stage.run_for(12.0)
        for life in self.stage.lives:
            life.wire.slow_reads = False

    @a_worker_runs
    @rule(who=choices, call=calls, many=st.integers(1, 4), follow_up=follow_ups)
    def throttle(self, who: int, call: Call, many: int, follow_up: FollowUp) -> None:
        self._trouble(who, "throttle", call, follow_up, many)

    @a_worker_runs
    @rule(who=choices, call=calls, follow_up=follow_ups)
    def fail(self, who: int, call: Call, follow_up: FollowUp) -> None:
        self._trouble(who, "error", call, follow_up)

    @a_worker_runs
    @rule(who=choices, follow_up=follow_ups, host=st.integers(0, 1), rounds=st.integers(1, 6))
    def lose_broker(self, who: int, follow_up: FollowUp, host: int, rounds: int) -> None:
        """One of two workers cannot reach the broker for half a minute; the other can."""
        if len(self.stage.lives) < 2:
            self.stage.start(host)
        self._trouble(who, "error", (0, "publish"), follow_up, MANY)
        for _ in range(rounds):
            for product in PRODUCTS_KNOWN:
                self.world.write(product)
            self.stage.run_for(6.0)

    @a_worker_runs
    @rule(who=choices, call=calls, follow_up=follow_ups)
    def lose_answer(self, who: int, call: Call, follow_up: FollowUp) -> None:
        self._trouble(who, "lost", call, follow_up)

    @a_worker_runs
    @rule(who=choices, call=calls, follow_up=follow_ups)
    def answer_late(self, who: int, call: Call, follow_up: FollowUp) -> None:
        self._trouble(who, "slow", call, follow_up)

    @a_worker_runs
    @rule(who=choices, call=calls, follow_up=follow_ups, host=st.integers(0, 1), seconds=past_lease)
    def pause_in_call(
        self, who: int, call: Call, follow_up: FollowUp, host: int, seconds: float
    ) -> None:
        """Pause a worker in a call past its lease while another works, then resume it."""
        if len(self.stage.lives) < 2:
            self.stage.start(host)
        sleeper = self.life(who)
        self._trouble(who, "pause", call, follow_up)
        self.stage.run_for(seconds)
        sleeper.process.paused = False
        self.stage.run(*follow_up[1])

    @a_worker_runs
    @rule(who=choices, seconds=st.sampled_from([0.0, 40.0]), then=then)
    def pause(self, who: int, seconds: float, then: Then) -> None:
        self.life(who).process.paused = True
        self.stage.run_for(seconds)
        self.stage.run(*then)

    @rule(then=then)
    def wake(self, then: Then) -> None:
        for life in self.stage.lives:
            life.process.paused = False
        self.stage.run(*then)

    @a_worker_runs
    @rule(who=choices, then=then)
    def kill(self, who: int, then: Then) -> None:
        self.stage.kill(self.life(who))
        self.stage.run(*then)

    @a_worker_runs
    @rule(who=choices, then=then)
    def stop(self, who: int, then: Then) -> None:
        self.life(who).stop()
        self.stage.run(*then)

    @precondition(lambda self: len(self.stage.lives) < 2)
    @rule(host=st.integers(0, 1), then=then)
    def join(self, host: int, then: Then) -> None:
        self.stage.start(host)
        self.stage.run(*then)

    def _trouble(
        self, who: int, trouble: Trouble, call: Call, follow_up: FollowUp, many: int = 1
    ) -> None:
        (after, operation), (written, then) = call, follow_up
        for number in range(many):
            self.life(who).wire.arm(trouble, after + number, operation)
        for product in written:
            self.world.write(product)
        self.stage.run(*then)
