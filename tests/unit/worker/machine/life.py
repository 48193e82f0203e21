"""One life of a worker: the real threads, leases, reader, pipeline and store over fake services.

What it left in the tables is all that the next life knows.
"""

from collections.abc import Callable, Sequence

from worker.sinks.sink import Sink
from worker.source import CONSUMER, source_of

from app.events import ChangeEvent
from app.item import DEFAULT_NAMES
from app.store.audit import Arrived, AuditRepository
from app.store.audit_entry import Signer
from app.store.client import Clients
from app.store.clock import ClockRow, SharedClock
from app.store.errors import StoreUnavailable
from app.store.feed import Feed
from app.store.tables import table_names
from tests.support.fake_wire import FakeClient, Wire
from tests.support.simulated_threads import SimEvent
from tests.unit.worker.machine.ledger import AUDIT, CHECKPOINTS, EXTRA, FEED
from tests.unit.worker.machine.world import KEY, KEY_ID, World
from worker.host import make_worker
from worker.order import ArrivalOrder
from worker.reading import Reading
from worker.stream.membership import Member
from worker.stream.pace import IDLE_AWS, Wake

ABREAST = 2  # batches that are written at once


class Life:
    """A worker from its start to its end."""

    def __init__(self, world: World, name: str, skew: Callable[[], float]) -> None:
        """`skew` is by how many seconds its host's wall clock is off."""
        self.world = world
        self.name = name
        self.wire = Wire(world.hub, lambda: self.process, world.ledger.tally)
        self._stop = SimEvent(world.hub)
        self.process = world.hub.process(name, skew, self._run)

    @property
    def over(self) -> bool:
        """Whether it crashed, or came to its end."""
        return self.process.dead or not self.process.tasks

    def stop(self) -> None:
        """Ask it to end properly: what it holds is handed over."""
        self._stop.set()

    def _run(self) -> None:
        """A start that fails ends the process, as does its main thread: others are daemons."""
        try:
            self._live()
        except StoreUnavailable:
            pass
        finally:
            self.world.hub.kill(self.process)

    def _live(self) -> None:
        tables = FakeClient(self.world.tables, self.wire)
        streams = FakeClient(self.world.streams, self.wire)
        feed = Feed(tables, FEED)
        clock = SharedClock(ClockRow(tables, CHECKPOINTS, CONSUMER), feed.newest_ms())
        order = ArrivalOrder(clock.stamp)
        audit = AuditRepository(tables, AUDIT, feed, Signer(KEY_ID, KEY), order.stamp, clock)
        with make_worker(
            source_of(Clients(tables, streams), table_names("", None), DEFAULT_NAMES),
            Reading(Member(self.name, "redis"), Wake(), IDLE_AWS),
            audit,
            order,
            self._publish,
            raise_clock=clock.raise_past_row,
            broker_elsewhere=True,
            sinks=[Sink(EXTRA, self._deliver)],
            parallelization_factor=ABREAST,
        ):
            self._stop.wait()

    def _deliver(self, event: ChangeEvent) -> None:
        self.wire.call("deliver", lambda **_: self.world.ledger.delivered(event))

    def _publish(self, arrived: Sequence[Arrived]) -> None:
        self.wire.call(
            "publish",
            lambda **_: self.world.ledger.published(arrived, self.world.tables.rows[FEED]),
        )
