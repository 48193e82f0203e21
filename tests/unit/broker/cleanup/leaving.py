"""Ways to follow a broker, and a check that nothing of them is left."""

from collections.abc import AsyncIterator

from app.broker.in_process import InProcessBroker
from tests.support.builders import a_cursor, arrivals
from tests.unit.broker.kit import turns
from tests.unit.broker.ring.rings import CountingFilter, asked

WANTED = CountingFilter(category="Kitchen")
LONG_AGO = str(a_cursor(-1))


async def assert_nothing_is_left(broker: InProcessBroker) -> None:
    """No subscriber is counted, and no view evaluates a new event."""
    assert broker.subscribers == 0
    asked.clear()
    broker.publish(arrivals([999]))
    await turns(3)
    assert asked == []


async def follow(broker: InProcessBroker, after: str | None = None) -> None:
    """Read until the subscription ends."""
    async with broker.subscribe(after, WANTED) as subscription:
        async for _ in subscription.chunks():
            pass


async def chunks(broker: InProcessBroker, after: str | None = None) -> AsyncIterator[bytes]:
    """Chunks as a web framework reads them: from a generator that it may close at any yield."""
    async with broker.subscribe(after, WANTED) as subscription:
        async for chunk in subscription.chunks():
            yield chunk
