"""A live stream has one subscription, which is cleaned up however the connection ends.

It is a plain ASGI response (docs/adr/0003): one `send` per chunk, which waits for the socket. It
ends when the client disconnects, when the client takes too long to read a chunk, when its
permission is revoked (`app.web.auth.stream_revocation`), and when the broker closes. On shutdown
the server closes the broker before it waits for connections (`app.web.transport.server`).
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

SEND_TIMEOUT = 60.0  # seconds to read 64 KB; a slower client reconnects with its cursor
CHECK_INTERVAL = 15.0  # seconds between checks for such a client
_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


# A context manager that calls its argument when the client's permission is revoked.
Revocable = Callable[[Callable[[], object]], AbstractContextManager[None]]


def irrevocable(_end: Callable[[], object]) -> AbstractContextManager[None]:
    """For a stream whose permission is never revoked (in tests)."""
    return nullcontext()


# Held while a stream is open; entering it raises if the client has too many streams.
Slot = AbstractContextManager[None]


def stream(
    broker: InProcessBroker,
    after: str | None,
    wanted: Filter,
    revocable: Revocable,
    slot: Slot | None = None,
    account: str | None = None,
) -> Response:
    """The response that streams events after the cursor until the client's permission is revoked.

    Events that clients missed are read for one `account` after another.

    Raises:
        InvalidCursor: `after` is not a cursor.
        TooManyStreams: the process has the maximum number of streams open.

    """
    broker.check(after)
    return EventStream(broker, after, wanted, revocable, slot or nullcontext(), account)


class EventStream(Response):
    """One client's stream, as an ASGI response."""

    media_type = "text/event-stream"

    def __init__(
        self,
        broker: InProcessBroker,
        after: str | None,
        wanted: Filter,
        revocable: Revocable = irrevocable,
        slot: Slot = nullcontext(),  # noqa: B008 - it has no state
        account: str | None = None,
        *,
        send_timeout: float = SEND_TIMEOUT,
        check_interval: float = CHECK_INTERVAL,
    ) -> None:
        """Subscribes only when the response starts."""
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"Cache-Control": "no-store", "Connection": "keep-alive", "X-Accel-Buffering": "no"}
        )
        self._broker = broker
        self._after = after
        self._wanted = wanted
        self._revocable = revocable
        self._slot = slot
        self._account = account
        self._send_timeout = send_timeout
        self._check_interval = check_interval
        self._sending_since: float | None = None

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it.

        Raises:
            TooManyOfYourStreams: the client has too many streams; nothing was sent yet.

        """
        with self._slot:
            await self._respond(receive, send)

    async def _respond(self, receive: Receive, send: Send) -> None:
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
            with self._revocable(ending.cancel):
                await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
            ended_by_us = ending.cancelled()
        finally:
            ending.cancel()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        if ended_by_us:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):  # the client may not be reading
                    await send(_END)

    async def _send_all(self, send: Send) -> None:
        try:
            async with self._broker.subscribe(
                self._after, self._wanted, self._account
            ) as subscription:
                async for chunk in subscription.chunks():
                    self._sending_since = time.monotonic()
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    self._sending_since = None
        except StockpulseError as error:  # the headers are sent: it is too late for a problem
            _log.warning("closed a live stream; the client will reconnect: %s", error)
        await send(_END)

    async def _client_ends(self, receive: Receive) -> None:
        """Return when the client has disconnected, or has not read a chunk for too long.

        A check now and then costs less than a timer around each `send`.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._check_interval):
                    if (await receive())["type"] == "http.disconnect":
                        return
            since = self._sending_since
            if since is not None and time.monotonic() - since > self._send_timeout:
                _log.warning("closed a live stream: the client does not read what it is sent")
                return
