"""A feed in memory, a running broker on top of it, and a client that reads as a browser does."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from app.broker.filters import EVERYTHING, Filter
from app.broker.in_process import InProcessBroker
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor, before
from app.store.feed.feed import Arrival, EventRef

OVERLAP_MS = 10_000


class MemoryFeed:
    """`History` from a list, in the order of `Feed`: by cursor, each event once."""

    def __init__(self) -> None:
        self.arrivals: list[Arrived] = []
        self.reads = 0
        self.portions = 0
        self.recent_reads = 0

    def add(self, arrived: Sequence[Arrived]) -> Sequence[Arrived]:
        """Add arrivals to the feed, as the audit does before they are published."""
        self.arrivals += arrived
        return arrived

    def newest(self, count: int, before: int) -> tuple[list[Arrived], list[Arrival]]:
        newest = sorted(self.arrivals, key=lambda arrival: arrival[0], reverse=True)
        older = [Arrival(cursor, (e.product_id, e.event_key)) for cursor, e in newest[count:]]
        return newest[:count][::-1], older[:before]

    def recent(
        self, since_ms: int = 0, lacks: Callable[[EventRef], bool] = lambda _: True
    ) -> Iterator[Arrived]:
        self.recent_reads += 1
        for cursor, event in sorted(self.arrivals, key=lambda arrival: arrival[0], reverse=True):
            if cursor.ms >= since_ms and lacks((event.product_id, event.event_key)):
                yield cursor, event

    def resume_point(self, cursor: Cursor, most: int) -> Cursor | None:
        self.reads += 1
        start = cursor.ms - OVERLAP_MS
        found = [at for at, _ in self.arrivals if at.ms >= start]
        return None if len(found) > most else before(start)

    def following(self, point: Cursor, limit: int) -> tuple[list[Arrived], Cursor | None]:
        self.portions += 1
        later = sorted((a for a in self.arrivals if a[0] > point), key=lambda a: a[0])
        return later[:limit], later[limit - 1][0] if len(later) > limit else None


class HeldFeed(MemoryFeed):
    """Holds each read for a backfill, after reading, until the test releases it."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.answered = threading.Event()
        self._read = threading.Event()

    def resume_point(self, cursor: Cursor, most: int) -> Cursor | None:
        point = super().resume_point(cursor, most)
        if point is None:
            self._hold()
        return point

    def following(self, point: Cursor, limit: int) -> tuple[list[Arrived], Cursor | None]:
        answer = super().following(point, limit)
        self._hold()
        return answer

    def _hold(self) -> None:
        self._read.set()
        assert self.release.wait(5)
        self.answered.set()

    async def was_read(self) -> None:
        """Wait until a backfill has read its first events."""
        assert await asyncio.to_thread(self._read.wait, 5)


@dataclass(frozen=True)
class Message:
    """One server-sent event."""

    id: str
    event: str
    data: Any

    @property
    def number(self) -> int:
        """The number of the event (see `an_event`)."""
        return int(self.data["data"]["sequence_number"]) % 10**20


def messages(data: bytes) -> list[Message]:
    """The messages in a stream's bytes; each must be complete."""
    assert data.endswith(b"\n\n"), "a chunk ends inside a message"
    found = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "data" in fields:
            found.append(Message(fields["id"], fields["event"], orjson.loads(fields["data"])))
    return found


class Client:
    """Reads chunks; `last_id` is the Last-Event-ID that a browser would send."""

    def __init__(self, chunks: AsyncGenerator[bytes]) -> None:
        self._chunks = chunks
        self._pending: asyncio.Task[bytes | None] | None = None
        self.raw: list[bytes] = []
        self.messages: list[Message] = []
        self.ended = False

    async def now(self) -> "Client":
        """Read everything that is available, without waiting for more."""
        while not self.ended:
            self._pending = self._pending or asyncio.create_task(self._next())
            await turns(4)
            if not self._pending.done():
                break
            self._took(self._pending)
        return self

    async def until(self, count: int) -> "Client":
        """Read until there are `count` changes, or the stream ends."""
        while len(self.changes) < count and not self.ended:
            await self.chunk()
        return self

    async def chunk(self) -> "Client":
        """Read one chunk, waiting for it up to 10 s."""
        self._pending = self._pending or asyncio.create_task(self._next())
        await asyncio.wait_for(asyncio.shield(self._pending), 10)
        self._took(self._pending)
        return self

    @property
    def changes(self) -> list[int]:
        """The numbers of the changed events so far, in order."""
        return [message.number for message in self.messages if message.event == "change"]

    def of(self, event: str) -> list[Message]:
        """The messages with this event name."""
        return [message for message in self.messages if message.event == event]

    @property
    def last_id(self) -> str:
        """The id of the newest message."""
        return self.messages[-1].id

    async def close(self) -> None:
        """Disconnect."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.gather(self._pending, return_exceptions=True)
        await self._chunks.aclose()

    async def _next(self) -> bytes | None:
        return await anext(self._chunks, None)

    def _took(self, task: asyncio.Task[bytes | None]) -> None:
        self._pending = None
        data = task.result()
        if data is None:
            self.ended = True
            return
        self.raw.append(data)
        self.messages += messages(data)


async def turns(count: int) -> None:
    """Let the event loop run so many iterations."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def live(feed: Any = None, **limits: Any) -> AsyncIterator[InProcessBroker]:
    """A broker that runs on this event loop."""
    broker = InProcessBroker(feed or MemoryFeed(), "Products", version="1.2.3", **limits)
    broker.load()
    async with broker.running():
        yield broker


@asynccontextmanager
async def connected(
    broker: InProcessBroker, after: str | None = None, wanted: Filter = EVERYTHING
) -> AsyncIterator[Client]:
    """A client, until the block ends."""
    async with broker.subscribe(after, wanted) as subscription:
        client = Client(subscription.chunks())  # type: ignore[arg-type]
        try:
            yield client
        finally:
            await client.close()
