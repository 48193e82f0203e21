"""The live stream: one subscription a connection, cleaned up however the connection ends.

A plain ASGI answer (ADR 0003): one `send` for each chunk, which waits for the socket. It
ends when the client leaves, when the client takes too long over a chunk, when it may no
longer read (`app.web.auth.stream_revocation`), and when the broker closes, which the server sees
to before it waits for connections (`app.web.transport.server`).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.broker.filters import Filter
from app.broker.in_process import InProcessBroker
from app.core.errors import StockpulseError

_log = logging.getLogger(__name__)

SEND_TIMEOUT = 60.0  # seconds for a client to take 64 KB: slower ones come back with their cursor
_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}

LOOK = 15.0  # seconds between looks for such a client


# Calls what it is given when whoever reads may no longer do so.
Watched = Callable[[Callable[[], object]], AbstractContextManager[None]]


def unwatched(_end: Callable[[], object]) -> AbstractContextManager[None]:
    """For a stream that nobody watches: none but a test's."""
    return nullcontext()


# Something that is held as long as a stream is open; taking it may be refused.
Place = AbstractContextManager[None]


def stream(
    broker: InProcessBroker,
    after: str | None,
    wanted: Filter,
    watched: Watched,
    place: Place | None = None,
) -> Response:
    """The answer that streams from the cursor on, to whoever may see it as long as they may.

    Raises:
        InvalidCursor: `after` is not a cursor.
        TooManyStreams: the process is full.

    """
    broker.check(after)
    return EventStream(broker, after, wanted, watched, place or nullcontext())


class EventStream(Response):
    """One client's stream, as an ASGI answer."""

    media_type = "text/event-stream"

    def __init__(
        self,
        broker: InProcessBroker,
        after: str | None,
        wanted: Filter,
        watched: Watched = unwatched,
        place: Place = nullcontext(),  # noqa: B008 - it holds nothing
        *,
        send_timeout: float = SEND_TIMEOUT,
        look: float = LOOK,
    ) -> None:
        """Nothing is subscribed to before the answer begins."""
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"Cache-Control": "no-store", "Connection": "keep-alive", "X-Accel-Buffering": "no"}
        )
        self._broker = broker
        self._after = after
        self._wanted = wanted
        self._watched = watched
        self._place = place
        self._send_timeout = send_timeout
        self._look = look
        self._sending_since: float | None = None

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer, until either side ends it.

        Raises:
            TooManyOfYourStreams: there is no place; nothing was sent yet.

        """
        with self._place:
            await self._answer(receive, send)

    async def _answer(self, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        sending = asyncio.create_task(self._send_all(send))
        ending = asyncio.create_task(self._client_ends(receive))
        try:
            with self._watched(ending.cancel):
                await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
            ended_by_us = ending.cancelled()
        finally:
            ending.cancel()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        if ended_by_us:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):  # a client that takes nothing is not waited for
                    await send(_END)

    async def _send_all(self, send: Send) -> None:
        try:
            async with self._broker.subscribe(self._after, self._wanted) as subscription:
                async for chunk in subscription.chunks():
                    self._sending_since = time.monotonic()
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    self._sending_since = None
        except StockpulseError as error:  # it came after the head: no answer could say it
            _log.warning("a live stream ends, its client will come back: %s", error)
        await send(_END)

    async def _client_ends(self, receive: Receive) -> None:
        """Return when the client has left, or has not taken a chunk for too long.

        One timer now and then instead of one around each `send`.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    if (await receive())["type"] == "http.disconnect":
                        return
            since = self._sending_since
            if since is not None and time.monotonic() - since > self._send_timeout:
                _log.warning("a live stream ends: its client does not take what it is sent")
                return
