"""What befalls the hosts and the workers on them: clocks, deaths, pauses, calls that fail."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.fakes.fake_wire import Order, Trouble
from tests.unit.worker.machine.acts import Acts, Then, choices, products, then
from tests.unit.worker.machine.world import PRODUCTS_KNOWN

HOUR = 3600.0
MANY = 20  # calls: more than a record is tried in its window, and some 30 s
Call = tuple[int, str | None]  # how many of its kind go well before it; None: of any kind

nth = st.integers(0, 3)
orders = st.sampled_from(["row first", "row last"])
past_lease = st.sampled_from([11.0, 13.0, 30.0])  # seconds: another has just begun, or is done
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

Act = tuple[list[str], Then]  # changes to come, and how it goes on

acts = st.tuples(st.lists(products, max_size=3), then)
someone_lives = precondition(lambda self: self.stage.lives)


class HostRules(Acts):
    """The machines' part."""

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

    @someone_lives
    @rule(who=choices, call=calls, after=st.booleans(), act=acts)
    def crash(self, who: int, call: Call, after: bool, act: Act) -> None:  # noqa: FBT001
        self._trouble(who, "crash after" if after else "crash before", call, act)

    @someone_lives
    @rule(who=choices, crash=st.booleans(), after=nth, act=acts)
    def write_batch_in_part(self, who: int, crash: bool, after: int, act: Act) -> None:  # noqa: FBT001
        trouble: Trouble = "crash within" if crash else "part"
        self._trouble(who, trouble, (after, "batch_write_item"), act)

    @someone_lives
    @rule(who=choices, order=orders, after=nth, act=acts)
    def write_batch_slowly(self, who: int, order: Order, after: int, act: Act) -> None:
        """Its feed row shows seconds before its entries, or after them."""
        self._trouble(who, order, (after, "batch_write_item"), act)

    @someone_lives
    @rule(who=choices, order=st.one_of(st.none(), orders))
    def write_batches_in_steps(self, who: int, order: Order | None) -> None:
        self.life(who).wire.batches = order

    @someone_lives
    @rule(product=products, other=products, seconds=st.sampled_from([3.0, 8.0, 20.0]))
    def write_behind_a_slow_pass(self, product: str, other: str, seconds: float) -> None:
        """A feed row shows late, behind rows that a pass over several pages has gone past."""
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

    @someone_lives
    @rule(who=choices, call=calls, many=st.integers(1, 4), act=acts)
    def throttle(self, who: int, call: Call, many: int, act: Act) -> None:
        self._trouble(who, "throttle", call, act, many)

    @someone_lives
    @rule(who=choices, call=calls, act=acts)
    def fail(self, who: int, call: Call, act: Act) -> None:
        self._trouble(who, "error", call, act)

    @someone_lives
    @rule(who=choices, act=acts, host=st.integers(0, 1), rounds=st.integers(1, 6))
    def lose_broker(self, who: int, act: Act, host: int, rounds: int) -> None:
        """One of two workers cannot reach it for half a minute; the other can."""
        if len(self.stage.lives) < 2:
            self.stage.start(host)
        self._trouble(who, "error", (0, "publish"), act, MANY)
        for _ in range(rounds):
            for product in PRODUCTS_KNOWN:
                self.world.write(product)
            self.stage.run_for(6.0)

    @someone_lives
    @rule(who=choices, call=calls, act=acts)
    def lose_answer(self, who: int, call: Call, act: Act) -> None:
        self._trouble(who, "lost", call, act)

    @someone_lives
    @rule(who=choices, call=calls, act=acts)
    def answer_late(self, who: int, call: Call, act: Act) -> None:
        self._trouble(who, "slow", call, act)

    @someone_lives
    @rule(who=choices, call=calls, act=acts, host=st.integers(0, 1), seconds=past_lease)
    def pause_in_call(self, who: int, call: Call, act: Act, host: int, seconds: float) -> None:
        """It sleeps past its lease while another works, and wakes in the midst of the call."""
        if len(self.stage.lives) < 2:
            self.stage.start(host)
        sleeper = self.life(who)
        self._trouble(who, "pause", call, act)
        self.stage.run_for(seconds)
        sleeper.process.paused = False
        self.stage.run(*act[1])

    @someone_lives
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

    @someone_lives
    @rule(who=choices, then=then)
    def kill(self, who: int, then: Then) -> None:
        self.stage.kill(self.life(who))
        self.stage.run(*then)

    @someone_lives
    @rule(who=choices, then=then)
    def stop(self, who: int, then: Then) -> None:
        self.life(who).stop()
        self.stage.run(*then)

    @precondition(lambda self: len(self.stage.lives) < 2)
    @rule(host=st.integers(0, 1), then=then)
    def join(self, host: int, then: Then) -> None:
        self.stage.start(host)
        self.stage.run(*then)

    def _trouble(self, who: int, trouble: Trouble, call: Call, act: Act, many: int = 1) -> None:
        (after, operation), (written, then) = call, act
        for number in range(many):
            self.life(who).wire.arm(trouble, after + number, operation)
        for product in written:
            self.world.write(product)
        self.stage.run(*then)
