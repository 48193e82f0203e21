"""The rules of the state machine: what the world does, and which worker takes its turn."""

import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.support.fake_stream import Manners
from tests.support.fake_wire import Trouble
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.world import PRODUCTS_KNOWN, World

HOUR = 3600.0

products = st.sampled_from(PRODUCTS_KNOWN)
choices = st.integers(0, 7)
troubles = st.sampled_from(
    ["crash before", "crash after", "crash within", "throttle", "error", "lost", "part", "pause"]
)


class WorkerMachine(RuleBasedStateMachine):
    """One world and up to two hosts with a worker each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.skew = [0.0, 0.0]
        self.lives: list[Life] = []
        self._start(0)

    # The world

    @rule(product=products, count=st.integers(1, 5))
    def write(self, product: str, count: int) -> None:
        for _ in range(count):
            self.world.write(product)

    @rule(product=products)
    def delete(self, product: str) -> None:
        self.world.write(product, delete=True)

    @rule(product=products, count=st.integers(1, 2))
    def write_oversize(self, product: str, count: int) -> None:
        for _ in range(count):
            self.world.write(product, size=3400)

    @rule(product=products)
    def write_poison(self, product: str) -> None:
        self.world.write_poison(product)

    @rule(choose=choices, split=st.booleans(), listed=st.booleans())
    def part(self, choose: int, split: bool, listed: bool) -> None:  # noqa: FBT001
        self.world.part(choose, split=split, listed=listed)

    @rule()
    def reveal(self) -> None:
        self.world.stream.reveal()

    @rule(
        manners=st.builds(
            Manners,
            page=st.integers(1, 4),
            listing=st.integers(1, 3),
            ends_on_open=st.booleans(),
            ends_hidden=st.booleans(),
            last_page_full=st.booleans(),
            strict_horizon=st.booleans(),
        )
    )
    def behave(self, manners: Manners) -> None:
        self.world.streams.manners = manners

    @rule(empty=st.integers(0, 2), repeats=st.integers(0, 2))
    def serve_oddly(self, empty: int, repeats: int) -> None:
        self.world.streams.empty_pages = empty
        self.world.streams.repeats = repeats

    @rule()
    def expire(self) -> None:
        self.world.streams.expire_iterators()

    @rule(choose=choices)
    def trim_what_was_consumed(self, choose: int) -> None:
        arn, shard = self._any_shard(choose)
        self.world.trim(
            arn, shard, self.world.consumed(arn, shard), forget=self.world.finished(arn, shard)
        )

    @rule(choose=choices, count=st.integers(1, 6), forget=st.booleans())
    def trim_what_was_not(self, choose: int, count: int, forget: bool) -> None:  # noqa: FBT001
        arn, shard = self._any_shard(choose)
        self.world.trim(arn, shard, shard.trimmed + count, forget=forget)

    @rule()
    def recreate(self) -> None:
        self.world.recreate()

    @rule(seconds=st.sampled_from([1.0, 4.0, 16.0, 120.0]))
    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(host=st.integers(0, 1), skew=st.sampled_from([-HOUR, 0.0, HOUR]))
    def set_clock(self, host: int, skew: float) -> None:
        self.skew[host] = skew

    # The workers

    @rule(who=choices, turns=st.integers(1, 8), choose=choices)
    def work(self, who: int, turns: int, choose: int) -> None:
        if not self.lives:
            return
        life = self.lives[who % len(self.lives)]
        life.look()
        for turn in range(turns):
            life.turn(choose + turn)
        self._bury()

    @rule(who=choices, trouble=troubles, after=st.integers(0, 9))
    def trouble(self, who: int, trouble: Trouble, after: int) -> None:
        if self.lives:
            self.lives[who % len(self.lives)].wire.arm(trouble, after)

    @rule(who=choices)
    def kill(self, who: int) -> None:
        if self.lives:
            self.lives[who % len(self.lives)].wire.dead = True
        self._bury()

    @precondition(lambda self: not self.lives)
    @rule(host=st.integers(0, 0))
    def start(self, host: int) -> None:
        self._start(host)

    @rule()
    def settle(self) -> None:
        """Calm comes back, and with it every promise about the end."""
        self.world.stream.reveal()
        for life in self.lives:
            life.wire.calm()
        if not self.lives:
            self._start(0)
        self.world.streams.empty_pages = self.world.streams.repeats = 0
        for _ in range(200):
            before = self._state()
            for life in self.lives:
                life.look()
                for turn in range(len(life.readers)):
                    life.turn(turn)
            if not self.world.ledger.unsettled() and before == self._state():
                break
        assert self.world.ledger.unsettled() == []

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.settle()

    def _state(self) -> object:
        return repr(self.world.tables.rows)

    def _any_shard(self, choose: int):
        shards = self.world.all_shards()
        return shards[choose % len(shards)]

    def _start(self, host: int) -> None:
        self.lives.append(Life(self.world, lambda: self.skew[host], self._meanwhile))

    def _bury(self) -> None:
        self.lives = [life for life in self.lives if not life.dead]

    def _meanwhile(self) -> None:
        """What happens while a life is held at a call."""
        self.world.pass_time(20)
