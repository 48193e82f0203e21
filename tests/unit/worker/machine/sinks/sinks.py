"""The deployment's sinks, their fake receivers, and the administrator who controls them."""

from typing import TYPE_CHECKING, Any

from app.store.access.admin_log import AdminLog
from app.store.coordination.sink_row import AUDIT, PREFIX
from app.store.dead_letters.letter import Letter, letter_of
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import SinkControl
from tests.unit.worker.machine.checks.ledger import AUDIT as AUDIT_TABLE
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS, FEED, PARKED, SETTINGS
from tests.unit.worker.machine.sinks.arrivals import Arrivals
from tests.unit.worker.machine.sinks.deliveries import Deliveries
from tests.unit.worker.machine.sinks.deployed import SINKS
from tests.unit.worker.machine.sinks.known import Known
from tests.unit.worker.machine.sinks.other_side import OtherSide
from worker.consumers.process_parts import SinkPlan
from worker.consumers.retry_policy import RetryPolicy

if TYPE_CHECKING:
    from tests.unit.worker.machine.world import World

Item = dict[str, Any]

ADMIN = "an administrator"
# A `now` in ms far in the future: clocks here are wrong, and any row is a valid rewind target.
NO_FUTURE = 4_000_000_000_000


class Sinks:
    """Everything about the sinks outside the workers."""

    def __init__(self, world: "World") -> None:
        tables: Any = world.tables
        self.plan = SinkPlan()  # the sinks of workers that start from now on
        self.sides: dict[str, OtherSide] = {}
        self.arrivals = Arrivals(lambda: world.hub.now)
        log = AdminLog(tables, SETTINGS)
        self.control = SinkControl(
            tables, CHECKPOINTS, CONSUMER, Feed(tables, FEED), log, now_ms=lambda: NO_FUTURE
        )
        self.desk = DeadLetterAdmin(tables, PARKED, log, self.control)
        self._world = world
        self._known = Known(
            arrivals=self.arrivals,
            chain=lambda product_id: world.ledger.by_product.get(product_id, []),
            entry=lambda ref: world.tables.rows[AUDIT_TABLE].get(ref),
            caller=self._caller,
            awake_since=self._awake_since,
            now=lambda: world.hub.now,
        )
        tables.watchers.append(self._watch)

    def deploy(self, start: Cursor | None = None) -> None:
        """Give sinks to workers that start from now on."""
        self.plan = SinkPlan(SINKS, RetryPolicy(retries=2), start)
        for sink in SINKS:
            deliveries = Deliveries(sink, self._known, self._world.ledger.tally, start)
            self.sides[sink.name] = OtherSide(deliveries)

    def letters(self, sink: str) -> list[Letter]:
        """The dead letters of a sink, or of the audit."""
        found = map(letter_of, self._world.tables.rows[PARKED].values())
        return [letter for letter in found if letter.sink == sink]

    def calm(self) -> None:
        """Let every receiver accept everything, and resume every sink."""
        for name, side in self.sides.items():
            side.calm()
            if side.deliveries.state != "running":
                self.control.resume(name, ADMIN)

    def left(self) -> list[str]:
        """Events that each sink still lacks."""
        return [
            f"{name}: {ref}" for name, side in self.sides.items() for ref in side.deliveries.left()
        ]

    def _caller(self) -> str | None:
        task = self._world.hub.current
        return None if task is None else task.process.name

    def _awake_since(self, worker: str) -> float:
        """When a worker last was paused or met a fault."""
        found = (one.unhindered_since for one in self._world.hub.processes if one.name == worker)
        return next(found, self._world.hub.now)

    def _watch(self, table: str, before: Item | None, after: Item | None) -> None:
        row = after or before or {}
        match table:
            case "Feed" if after is not None and after["Day"]["S"] not in {"days", "gaps"}:
                self.arrivals.add(after)
                if self._world.ledger.stamps.is_unsure(self._world.hub.now):
                    self.arrivals.unsure.add(self.arrivals.last_added)
            case "ProductEvents" if before is None:
                ref = (row["ProductID"]["S"], row["EventKey"]["S"])
                self.arrivals.entered[ref] = self._world.hub.now
            case "StreamCheckpoints" if after is not None:
                name = after["Shard"]["S"].removeprefix(PREFIX)
                if name in self.sides:
                    self.sides[name].deliveries.saved(after)
            case "DeadLetters" if row:  # not the deletion of a row that is not there
                sink, _, key = row["SinkKey"]["S"].partition("#")
                if sink != AUDIT:
                    self._lettered(sink, (row["ProductID"]["S"], key), before, after)

    def _lettered(
        self, sink: str, ref: tuple[str, str], before: Item | None, after: Item | None
    ) -> None:
        """Check a dead letter: only the sink's lease holder may write it."""
        if before is None:
            owner = self.sides[sink].deliveries.owner
            assert owner == self._caller(), (
                f"{self._caller()} wrote a dead letter for {sink}, which {owner} holds"
            )
        if self._caller() is not None:
            self.sides[sink].deliveries.lettered(ref, after)
