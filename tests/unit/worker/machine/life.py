"""One life of a worker: the real reader, lineage, pipeline and store over fake services.

It is driven turn by turn. A life that crashed never does anything again; what it left in
the tables is all that the next one knows.
"""

from collections.abc import Callable, Sequence

from app.item import DEFAULT_NAMES
from app.store.audit import Arrived, AuditRepository
from app.store.audit_entry import Signer
from app.store.client import Clients
from app.store.cursor import CursorClock
from app.store.feed import Feed
from app.store.tables import StreamOfTable, table_names
from tests.support.fake_wire import Crash, FakeClient, Wire
from tests.unit.worker.machine.ledger import AUDIT, FEED
from tests.unit.worker.machine.world import START, World
from worker.host import make_worker
from worker.order import ArrivalOrder
from worker.retry import Stopped
from worker.stream.pace import Wake
from worker.stream.reader import ShardGone, ShardReader


class OneTurn:
    """A stop that lets a reader take one page."""

    def __init__(self) -> None:
        self._asked = 0

    def is_set(self) -> bool:
        self._asked += 1
        return self._asked > 1

    def wait(self, _seconds: float) -> bool:
        return False


class Life:
    """A worker from its start to its crash."""

    def __init__(
        self, world: World, skew: Callable[[], float], meanwhile: Callable[[], None]
    ) -> None:
        """`skew` is by how many seconds its host's wall clock is off."""
        self.world = world
        self.wire = Wire(meanwhile)
        tables = FakeClient(world.tables, self.wire)
        streams = FakeClient(world.streams, self.wire)
        feed = Feed(tables, FEED)
        clock = CursorClock(feed.newest_ms(), lambda: int((START + world.now + skew()) * 1000))
        order = ArrivalOrder(clock.stamp)
        audit = AuditRepository(tables, AUDIT, feed, Signer("k", b"key"), order.stamp)
        self.worker = make_worker(
            Clients(tables, streams),
            table_names("", None),
            DEFAULT_NAMES,
            audit,
            order,
            self._publish,
            lambda: StreamOfTable(world.stream.arn, "NEW_AND_OLD_IMAGES"),
            Wake(),
            0.0,
        )
        self.readers: dict[str, ShardReader] = {}
        self.worker._start = self._start

    def _start(self, arn, position) -> None:
        self.readers[position.shard_id] = reader = self.worker._make_reader(arn, position)
        self.worker._running[position.shard_id] = (None, reader)

    def look(self) -> None:
        self._guarded(self.worker._refresh)

    def turn(self, choose: int) -> None:
        if not self.readers:
            return
        names = sorted(self.readers)
        name = names[choose % len(names)]
        reader = self.readers[name]

        def go():
            try:
                reader.run(OneTurn())
            except ShardGone:
                del self.readers[name]
                del self.worker._running[name]
                return
            if self.world.finished(reader._arn, self.world.ledger.shards[reader._arn, name]):
                del self.readers[name]
                del self.worker._running[name]

        self._guarded(go)

    def _guarded(self, step):
        from app.store.errors import StoreUnavailable

        try:
            step()
        except Crash:
            pass
        except StoreUnavailable:
            pass

    def _publish(self, arrived: Sequence[Arrived]) -> None:
        self.wire.call(
            "publish",
            lambda **_: self.world.ledger.published(arrived, self.world.tables.rows[FEED]),
        )

    @property
    def dead(self) -> bool:
        return self.wire.dead
