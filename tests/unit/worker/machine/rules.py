"""The rules of the state machine: what the world does, and which worker takes its turn."""

import sys
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.support.fake_shards import FakeShard
from tests.support.fake_stream import Manners
from tests.support.fake_wire import Trouble
from tests.support.simulated_modules import substitute
from tests.support.simulation import Crash
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.world import PRODUCTS_KNOWN, World
from worker.stream.readers import Readers

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
        self._started = 0
        self._patch = pytest.MonkeyPatch()
        substitute(self.world.hub, self._patch)
        self._patch.setattr(Readers, "note_crash", self._note_crash)
        try:
            self._start(0)
            self._run(40, 0)  # the first start ever: what was before it, a baseline tells
        except BaseException:
            self._close()
            raise

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
            arn,
            shard,
            self.world.consumed(arn, shard),
            forget=(arn, shard.id) in self.world.ledger.finished,
        )

    @rule(choose=choices, count=st.integers(1, 6), forget=st.booleans())
    def trim_what_was_not(self, choose: int, count: int, forget: bool) -> None:  # noqa: FBT001
        """Of shards that were begun; what was never seen, only its products' chains can tell."""
        begun = [
            (arn, shard)
            for arn, shard in self.world.all_shards()
            if self.world.consumed(arn, shard)
        ]
        if begun:
            arn, shard = begun[choose % len(begun)]
            self.world.trim(arn, shard, self.world.consumed(arn, shard) + count, forget=forget)

    @rule()
    def recreate(self) -> None:
        self.world.recreate()

    @rule(host=st.integers(0, 1), skew=st.sampled_from([-HOUR, 0.0, HOUR]))
    def set_clock(self, host: int, skew: float) -> None:
        self.skew[host] = skew

    # The workers

    @rule(steps=st.integers(1, 120), seed=st.integers(0, 2**16))
    def work(self, steps: int, seed: int) -> None:
        self._run(steps, seed)

    @rule(who=choices, trouble=troubles, after=st.integers(0, 30))
    def trouble(self, who: int, trouble: Trouble, after: int) -> None:
        if self.lives:
            self._life(who).wire.arm(trouble, after)

    @rule(who=choices)
    def kill(self, who: int) -> None:
        if self.lives:
            self.world.hub.kill(self._life(who).process)
            self._bury()

    @rule(who=choices)
    def pause(self, who: int) -> None:
        if self.lives:
            self._life(who).process.paused = True

    @rule(who=choices)
    def wake(self, who: int) -> None:
        if self.lives:
            self._life(who).process.paused = False

    @rule(who=choices)
    def stop(self, who: int) -> None:
        if self.lives:
            self._life(who).stop()

    @precondition(lambda self: len(self.lives) < 2)
    @rule(host=st.integers(0, 1))
    def start(self, host: int) -> None:
        self._start(host)

    @rule(seed=st.integers(0, 2**16))
    def settle(self, seed: int = 0) -> None:
        """Calm comes back, and with it every promise about the end."""
        self.world.calm()
        for life in self.lives:
            life.wire.calm()
            life.process.paused = False
        for _ in range(60):
            if not self.lives:
                self._start(0)
            self._run(100, seed)
            if self.world.settled():
                break
        assert not self.world.ledger.unsettled(), self.world.ledger.unsettled()
        assert self.world.settled(), "shards that have ended are not finished"
        assert not self.world.ledger.untold(), self.world.ledger.untold()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.settle()
        finally:
            self._close()

    def _close(self) -> None:
        self.world.hub.close()
        self._patch.undo()

    def _run(self, steps: int, seed: int) -> None:
        random = Random(seed)
        for _ in range(steps):
            if not self.world.hub.step(random):
                break
        self._bury()

    def _note_crash(self, _what: str, error: BaseException) -> None:
        """No fault of a service may kill a thread; the death of a process does."""
        if not isinstance(error, Crash):
            self.world.hub.failures.append(error)

    def _bury(self) -> None:
        self.lives = [life for life in self.lives if not life.over]

    def _any_shard(self, choose: int) -> tuple[str, FakeShard]:
        shards = self.world.all_shards()
        return shards[choose % len(shards)]

    def _life(self, who: int) -> Life:
        return self.lives[who % len(self.lives)]

    def _start(self, host: int) -> None:
        self._started += 1
        name = f"worker-{self._started:03d}"
        self.lives.append(Life(self.world, name, lambda: self.skew[host]))
