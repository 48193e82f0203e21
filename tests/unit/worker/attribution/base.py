"""The state of one example, its time and keys, and the worker that reads the records."""

import sys
import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.core.item import AttributeNames
from app.core.stamps import Stamps
from app.store.dynamodb import transactions
from tests.support.builders import STREAM_ARN, VIEWS, as_boto3, as_lambda
from tests.unit.worker.attribution.oracle import check
from tests.unit.worker.attribution.process import Process
from tests.unit.worker.attribution.world import TABLES, Item, World
from worker.stream.decode import decode

DAY = 86_400.0
PRODUCTS = ("P1", "P2")
NAMES = {
    "default": AttributeNames(),
    "other": AttributeNames(name="title", stock="qty", price="cost", metadata="_sp", unit="uom"),
    "paths": AttributeNames(stock="inventory.qty", price="pricing.price", tags="labels"),
}

# The domains are small, so that old images often meet the state that they were made from.
products = st.sampled_from((PRODUCTS[0], *PRODUCTS))
tables = st.sampled_from((*TABLES[:1] * 6, *TABLES))  # mostly the first one
ages = st.integers(0, 4)  # 0: the newest image
pauses = st.sampled_from((0.4, 1.0, 30.0, 60.0, 62.0, 64.0))


class AttributionMachineBase(RuleBasedStateMachine):
    """Two tables, two processes that write each of them, and a worker."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = patch.object(
            transactions, "time", SimpleNamespace(sleep=self._sleep, monotonic=time.monotonic)
        )
        self._patch.start()

    @initialize(
        view=st.sampled_from((*VIEWS[:1] * 5, *VIEWS)),
        names=st.sampled_from([*NAMES]),
        minutes=st.booleans(),
        limit=st.sampled_from((None, 400)),
        skews=st.lists(st.sampled_from((-120.0, -1.9, 0.0, 1.9, 120.0)), min_size=2, max_size=2),
    )
    def begin(
        self,
        view: str,
        names: str,
        minutes: bool,  # noqa: FBT001
        limit: int | None,
        skews: list[float],
    ) -> None:
        self.world = World(NAMES[names], view, minutes=minutes, limit=limit)
        self.keys = {"k1": b"1" * 32}
        self.processes = {
            table: [Process(self.world, self._stamps(table), skew) for skew in skews]
            for table in TABLES
        }
        self.requests = 0
        self.shown: list[Any] = []  # the events, in the order of the records
        self.backup: list[tuple[str, Item]] = []

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._decode_all()
        finally:
            self._patch.stop()

    @rule(seconds=pauses)
    def wait(self, seconds: float) -> None:
        self.world.now += seconds
        self.backup = [
            (table, item) for table in TABLES for item in self.world.tables.rows[table].values()
        ]

    @rule(
        what=st.sampled_from(("clock", "clock", "rotation", "restart", "day")),
        table=tables,
        process=st.integers(0, 1),
        skew=st.sampled_from((-120.0, 0.0, 120.0)),
    )
    def operate(self, what: str, table: str, process: int, skew: float) -> None:
        """A host's clock is set, keys are rotated, or a process restarts with the newest keys.

        A key stays listed for a day. By then all processes have restarted and the records are read.
        """
        match what:
            case "clock":
                self.processes[table][process].skew = skew
                self.processes[table][process].call_the_store()
            case "rotation":
                self.keys = {f"k{self.world.now}": str(self.world.now).encode(), **self.keys}
            case "restart":
                self.processes[table][process].use(self._stamps(table))
            case _:
                self._decode_all()
                self.world.now += DAY + 1
                self.keys = dict([next(iter(self.keys.items()))])
                for name in TABLES:
                    for one in self.processes[name]:
                        one.use(self._stamps(name))

    @rule(backwards=st.booleans(), by_lambda=st.booleans(), again=ages)
    def read(self, backwards: bool, by_lambda: bool, again: int) -> None:  # noqa: FBT001
        """Decode the new records, of several shards in any order, and an earlier one again."""
        self._decode_all(backwards=backwards, by_lambda=by_lambda)
        number = len(self.shown) - 1 - again
        if number >= 0 and self.world.now - self.world.written[number].time < DAY:
            assert self._decoded(number, by_lambda=False) == self.shown[number]

    def _decode_all(self, *, backwards: bool = False, by_lambda: bool = False) -> None:
        numbers = range(len(self.shown), len(self.world.written))
        self.shown += [None] * len(numbers)
        for number in reversed(numbers) if backwards else numbers:
            self.shown[number] = self._decoded(number, by_lambda=by_lambda)
            check(self.world, number, self.shown[number])

    def _decoded(self, number: int, *, by_lambda: bool) -> Any:
        written = self.world.written[number]
        record = (as_lambda if by_lambda else as_boto3)(written.change)
        return decode(record, STREAM_ARN, self._stamps(written.table))

    def _stamps(self, table: str) -> Stamps:
        return Stamps(table, self.world.names, self.keys)

    def _sleep(self, seconds: float) -> None:
        self.world.now += seconds
