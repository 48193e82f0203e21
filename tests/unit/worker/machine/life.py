"""One run of a worker: the real threads, leases, reader, pipeline and sinks over fake services.

The tables are all that it leaves to the next run.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.runtime.wake import Wake
from app.store.audit.audit_repository import Arrived
from app.store.audit.entry import Signer
from app.store.deployment import Deployment
from app.store.dynamodb.client import Clients
from app.store.dynamodb.table_names import table_names
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from tests.support.fakes.fake_wire import FakeClient, Wire
from tests.support.simulation.threads import SimEvent
from tests.unit.worker.machine.checks.ledger import FEED
from tests.unit.worker.machine.world import KEY, KEY_ID, World
from worker.consumers.process_parts import SinkPlan
from worker.consumers.sink import Rejected
from worker.effects.log_writer import LogWriter
from worker.hosts.in_process import Reading, make_worker
from worker.hosts.wiring import Wiring
from worker.sharing.coordinator import Coordinator
from worker.sharing.membership import Member
from worker.stream.shards.polling import IDLE_AWS

PARALLEL = 2  # batches written at once


class Life:
    """A worker from its start to its exit or crash."""

    def __init__(self, world: World, name: str, skew: Callable[[], float]) -> None:
        """`skew` returns the error of its host's wall clock, in seconds."""
        self.world = world
        self.name = name
        self.wire = Wire(world.hub, lambda: self.process, world.ledger.tally)
        self._stop = SimEvent(world.hub)
        self.worker: Coordinator | None = None  # None until it has started
        self.process = world.hub.process(name, skew, self._run)

    @property
    def over(self) -> bool:
        """Whether it crashed or exited."""
        return self.process.dead or not self.process.tasks

    def stop(self) -> None:
        """Request a clean exit, which releases its leases."""
        self._stop.set()

    def _run(self) -> None:
        """Run it; a failed start or the end of the main thread ends the process."""
        try:
            self._live()
        except StoreUnavailable:
            pass
        finally:
            self.world.hub.kill(self.process)

    def _live(self) -> None:
        tables = FakeClient(self.world.tables, self.wire)
        streams = FakeClient(self.world.streams, self.wire)
        deployment = Deployment(
            Clients(tables, streams), table_names("", None), DEFAULT_NAMES, Signer(KEY_ID, KEY)
        )
        feed = Feed(tables, FEED)
        clock = SharedClock(ClockRow(*deployment.coordination), feed.newest_ms())
        wiring = Wiring(
            deployment,
            LogWriter(deployment, feed, clock),
            self._publish,
            self._plan(),
            broker_elsewhere=True,
            parallelization_factor=PARALLEL,
        )
        reading = Reading(Member(self.name, "redis"), Wake(), IDLE_AWS)
        with make_worker(reading, wiring) as self.worker:
            self._stop.wait()

    def _plan(self) -> SinkPlan:
        """The deployment's sinks, each delivering to its fake receiver."""
        plan = self.world.sinks.plan
        sinks = [replace(sink, deliver=partial(self._deliver, sink.name)) for sink in plan.sinks]
        return replace(plan, sinks=sinks)

    def _deliver(self, sink: str, events: Sequence[ChangeEvent]) -> Sequence[Rejected]:
        side = self.world.sinks.sides[sink]
        try:
            with side.call(self.name, events) as call:
                self.wire.call("deliver", lambda **_: side.take(call))
                if call.answer.seconds:
                    self.world.hub.wait(None, call.answer.seconds)
                return call.result()
        except AssertionError as error:  # the runner takes any exception for a fault of the sink
            self.world.hub.failures.append(error)
            raise

    def _publish(self, arrived: Sequence[Arrived]) -> None:
        begun = self.world.hub.now
        self.wire.call(
            "publish",
            lambda **_: self.world.ledger.published(
                arrived, self.world.tables.rows[FEED], self.world.hub.now - begun
            ),
        )
