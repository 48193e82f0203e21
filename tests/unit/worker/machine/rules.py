"""The rules of the state machine: what the world does, and which worker takes its turn.

After most of them the workers go on for some steps, in an order that the example chooses, so
that everything can fall between any two calls of theirs.
"""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.unit.worker.machine.acts import Then, products, then
from tests.unit.worker.machine.host_rules import HostRules
from tests.unit.worker.machine.sinks.sink_rules import SinkRules
from tests.unit.worker.machine.stream_rules import StreamRules

TEXT = 3_400  # bytes of an item that make its audit entry too large
MINUTES = 200.0  # seconds: until a request is seen, and a first one's wait and looks are done


class WorkerMachine(StreamRules, HostRules, SinkRules):
    """What writers do, and what the reconciliation makes of it."""

    @initialize(
        old=st.lists(products, max_size=2, unique=True),
        halves=st.booleans(),
        two=st.booleans(),
        steps=st.integers(0, 200),
        sinks=st.booleans(),
    )
    def begin(
        self,
        old: list[str],
        halves: bool,  # noqa: FBT001
        two: bool,  # noqa: FBT001
        steps: int,
        sinks: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """The first start ever, of one worker or two; `old` products are older than the stream."""
        if sinks:
            self.world.sinks.deploy()
        for product in old:
            self.world.write_unrecorded(product)
        if halves:
            self.world.part(0, split=True, listed=True)
        for host in range(1 + two):
            self.stage.start(host)
        while not self.world.ledger.holders:  # from here on a stream is known, and drained
            self.stage.run(10)
        self.stage.run(steps)

    @rule(product=products, count=st.integers(1, 5), then=then)
    def write(self, product: str, count: int, then: Then) -> None:
        for _ in range(count):
            self.world.write(product)
        self.stage.run(*then)

    @rule(product=products, then=then)
    def delete(self, product: str, then: Then) -> None:
        self.world.write(product, delete=True)
        self.stage.run(*then)

    @rule(product=products, twice=st.booleans(), then=then)
    def write_oversize(self, product: str, twice: bool, then: Then) -> None:  # noqa: FBT001
        for _ in range(1 + twice):
            self.world.write(product, size=TEXT)
        self.stage.run(*then)

    @rule(product=products, then=then)
    def write_internal(self, product: str, then: Then) -> None:
        self.world.mark(product)
        self.stage.run(*then)

    @rule(product=products, lost=st.integers(1, 2), kept=st.integers(0, 2), then=then)
    def write_and_lose(self, product: str, lost: int, kept: int, then: Then) -> None:
        """Changes that are a day old before anybody reads, and others behind them."""
        for _ in range(lost):
            self.world.write(product)
        self.world.trim_all(product)
        for _ in range(kept):
            self.world.write(product)
        self.stage.run(*then)

    @rule(product=products, then=then)
    def write_poison(self, product: str, then: Then) -> None:
        self.world.write_poison(product)
        self.stage.run(*then)

    @rule()
    def compare(self) -> None:
        self.stage.ask()
        self.stage.run_for(MINUTES)

    @rule(changed=st.lists(products, min_size=1, max_size=3), delete=st.booleans(), then=then)
    def compare_while_on_its_way(self, changed: list[str], delete: bool, then: Then) -> None:  # noqa: FBT001
        """The table has changed, and the stream does not show it for minutes."""
        self.world.hold_back()
        for product in changed:
            self.world.write(product)
        if delete:
            self.world.write(changed[0], delete=True)
        self.stage.ask()
        self.stage.run_for(MINUTES)
        self.world.let_go()
        self.stage.run(*then)
