"""The rules of the state machine: what the world does, and which worker takes its turn.

After most of them the workers go on for some steps, in an order that the example chooses, so
that everything can fall between any two calls of theirs.
"""

import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.support.fake_stream import Manners
from tests.support.fake_wire import TROUBLES, Trouble
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.stage import Stage
from tests.unit.worker.machine.world import PRODUCTS_KNOWN

HOUR = 3600.0
TEXT = 3_400  # bytes of an item that make its audit entry too large

Then = tuple[int, int]

products = st.sampled_from(PRODUCTS_KNOWN)
choices = st.integers(0, 7)
then = st.tuples(st.integers(0, 40), st.integers(0, 2**16))  # steps, seed of their order


class WorkerMachine(RuleBasedStateMachine):
    """One table, and up to two workers on two hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.world = self.stage.world
        try:
            self.stage.start()
            self.stage.run(40)  # the first start ever: what was before it, a baseline tells
        except BaseException:
            self.stage.close()
            raise

    # The writers

    @rule(product=products, count=st.integers(1, 5), then=then)
    def write(self, product: str, count: int, then: Then) -> None:
        for _ in range(count):
            self.world.write(product)
        self.stage.run(*then)

    @rule(
        product=products,
        what=st.sampled_from(["deletion", "oversize", "oversize twice", "poison"]),
        then=then,
    )
    def write_oddly(self, product: str, what: str, then: Then) -> None:
        match what:
            case "deletion":
                self.world.write(product, delete=True)
            case "poison":
                self.world.write_poison(product)
            case "oversize twice":
                self.world.write(product, size=TEXT)
        if what.startswith("oversize"):
            self.world.write(product, size=TEXT)
        self.stage.run(*then)

    # The stream

    @rule(choose=choices, split=st.booleans(), listed=st.booleans(), then=then)
    def part(self, choose: int, split: bool, listed: bool, then: Then) -> None:  # noqa: FBT001
        self.world.part(choose, split=split, listed=listed)
        self.stage.run(*then)

    @rule(
        manners=st.builds(
            Manners,
            page=st.integers(1, 4),
            listing=st.integers(1, 3),
            ends_on_open=st.booleans(),
            ends_hidden=st.booleans(),
            last_page_full=st.booleans(),
            strict_horizon=st.booleans(),
        ),
        empty=st.integers(0, 2),
        repeats=st.integers(0, 2),
    )
    def serve(self, manners: Manners, empty: int, repeats: int) -> None:
        self.world.streams.manners = manners
        self.world.streams.empty_pages = empty
        self.world.streams.repeats = repeats

    @rule(reveal=st.booleans(), expire=st.booleans(), then=then)
    def serve_anew(self, reveal: bool, expire: bool, then: Then) -> None:  # noqa: FBT001
        if reveal:
            self.world.stream.reveal()
        if expire:
            self.world.streams.expire_iterators()
        self.stage.run(*then)

    @rule(choose=choices)
    def trim_what_was_consumed(self, choose: int) -> None:
        shards = self.world.all_shards()
        arn, shard = shards[choose % len(shards)]
        self.world.trim(
            arn,
            shard,
            self.world.consumed(arn, shard),
            forget=(arn, shard.id) in self.world.ledger.finished,
        )

    @rule(choose=choices, count=st.integers(1, 6), forget=st.booleans())
    def trim_what_was_not(self, choose: int, count: int, forget: bool) -> None:  # noqa: FBT001
        """Of shards that were begun; what was never seen, only its products' chains can tell."""
        shards = [one for one in self.world.all_shards() if self.world.consumed(*one)]
        if shards:
            arn, shard = shards[choose % len(shards)]
            self.world.trim(arn, shard, self.world.consumed(arn, shard) + count, forget=forget)

    @precondition(lambda self: len(self.world.streams.streams) < 4)
    @rule(then=then)
    def recreate(self, then: Then) -> None:
        self.world.recreate()
        self.stage.run(*then)

    # The hosts and the workers

    @rule(who=st.integers(0, 2), skew=st.sampled_from([-HOUR, 0.0, HOUR]))
    def set_clock(self, who: int, skew: float) -> None:
        if who == 2:
            self.world.skew = skew  # the store's own
        else:
            self.stage.skew[who] = skew

    @rule(steps=st.integers(1, 150), seed=st.integers(0, 2**16))
    def work(self, steps: int, seed: int) -> None:
        self.stage.run(steps, seed)

    @rule(seconds=st.sampled_from([12.0, 70.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.stage.run_for(seconds)

    @precondition(lambda self: self.stage.lives)
    @rule(
        who=choices,
        due=st.lists(
            st.tuples(st.sampled_from(TROUBLES), st.integers(0, 12)), min_size=1, max_size=3
        ),
        then=then,
    )
    def trouble(self, who: int, due: list[tuple[Trouble, int]], then: Then) -> None:
        life = self._life(who)
        for trouble, after in due:
            life.wire.arm(trouble, after)
        self.stage.run(*then)

    @precondition(lambda self: self.stage.lives)
    @rule(who=choices, how=st.sampled_from(["kill", "stop"]), then=then)
    def end(self, who: int, how: str, then: Then) -> None:
        if how == "kill":
            self.stage.kill(self._life(who))
        else:
            self._life(who).stop()
        self.stage.run(*then)

    @precondition(lambda self: self.stage.lives)
    @rule(who=choices, paused=st.booleans(), then=then)
    def pause_or_wake(self, who: int, paused: bool, then: Then) -> None:  # noqa: FBT001
        self._life(who).process.paused = paused
        self.stage.run(*then)

    @precondition(lambda self: len(self.stage.lives) < 2)
    @rule(host=st.integers(0, 1), then=then)
    def start(self, host: int, then: Then) -> None:
        self.stage.start(host)
        self.stage.run(*then)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.stage.settle()
        finally:
            self.stage.close()

    def _life(self, who: int) -> Life:
        return self.stage.lives[who % len(self.stage.lives)]
