"""The live stream: one subscription a connection, cleaned up however the connection ends.

Served by sse-starlette, which watches for the client's leaving and the server's shutdown.
"""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse

from app.broker.filters import Filter
from app.broker.in_process import InProcessBroker

SEND_TIMEOUT = 60.0  # seconds for a client to take 64 KB: slower ones come back with their cursor


def stream(broker: InProcessBroker, after: str | None, wanted: Filter) -> EventSourceResponse:
    """The answer that streams from the cursor on.

    Raises:
        InvalidCursor: `after` is not a cursor.
        TooManyStreams: the process is full.

    """
    broker.check(after)
    return EventSourceResponse(
        _chunks(broker, after, wanted),
        ping=0,  # the broker's own heartbeat is an event, which scripts can see
        send_timeout=SEND_TIMEOUT,
        headers={"Cache-Control": "no-store"},
    )


async def _chunks(
    broker: InProcessBroker, after: str | None, wanted: Filter
) -> AsyncIterator[bytes]:
    async with broker.subscribe(after, wanted) as subscription:
        async for chunk in subscription.chunks():
            yield chunk
