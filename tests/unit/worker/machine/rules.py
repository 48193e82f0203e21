"""The rules of the state machine: writers, comparisons, and all rules of the other modules.

After most rules the workers run some steps in an order that the example chooses, so that anything
can happen between any two of their calls.
"""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.unit.worker.machine.acts import Then, products, then
from tests.unit.worker.machine.host_rules import HostRules
from tests.unit.worker.machine.sinks.sink_rules import SinkRules
from tests.unit.worker.machine.stream_rules import StreamRules

TEXT = 3_400  # characters that make an item's audit entry too large
MINUTES = 200.0  # seconds until a comparison is noticed and done, the first one's wait included


class WorkerMachine(StreamRules, HostRules, SinkRules):
    """Writers' changes and reconciliation, with the rules for hosts, stream and sinks."""

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
        """Start the deployment for the first time; `old` products are older than the stream.

        `halves`: the stream begins with two shards. `two`: two workers.
        """
        if sinks:
            self.world.sinks.deploy()
        for product in old:
            self.world.write_unrecorded(product)
        if halves:
            self.world.part(0, split=True, listed=True)
        for host in range(1 + two):
            self.stage.start(host)
        while not self.world.ledger.holders:  # from here on the stream is known
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

    @rule(
        product=products,
        lost=st.integers(1, 2),
        compared=st.booleans(),
        kept=st.integers(0, 2),
        then=then,
    )
    def write_and_lose(
        self,
        product: str,
        lost: int,
        kept: int,
        then: Then,
        compared: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Trim `lost` changes before a worker reads them, compare or not, then write `kept` more.

        A comparison reconciles what was lost, so the next record follows a `reconciled` entry.
        """
        for _ in range(lost):
            self.world.write(product)
        self.world.trim_all(product)
        if compared:
            self.compare()
        for _ in range(kept):
            self.world.write(product)
        self.stage.run(*then)

    @rule(product=products, then=then)
    def write_poison(self, product: str, then: Then) -> None:
        self.world.write_poison(product)
        self.stage.run(*then)

    @rule()
    def compare(self) -> None:
        self.stage.request_comparison()
        self.stage.run_for(MINUTES)

    @rule(changed=st.lists(products, min_size=1, max_size=3), delete=st.booleans(), then=then)
    def compare_while_records_are_delayed(
        self,
        changed: list[str],
        delete: bool,  # noqa: FBT001
        then: Then,
    ) -> None:
        """Compare while the stream hides the table's last changes for minutes."""
        self.world.hold_back()
        for product in changed:
            self.world.write(product)
        if delete:
            self.world.write(changed[0], delete=True)
        self.stage.request_comparison()
        self.stage.run_for(MINUTES)
        self.world.let_held_records_show()
        self.stage.run(*then)
