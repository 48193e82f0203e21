"""A live stream ends when its client disconnects or does not read, and when the broker closes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.broker.filters import EVERYTHING
from app.broker.in_process import InProcessBroker
from app.core.errors import StoreUnavailable
from app.web.api.event_stream import EventStream
from tests.support.builders import a_cursor, an_event
from tests.unit.broker.kit import MemoryFeed, live

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Connection:
    """One client's connection, as an ASGI server presents it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()  # cleared: the client stops reading
        self.reads.set()
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def complete(self) -> bool:
        """Whether the response was completed."""
        return self.sent[-1].get("more_body") is False

    async def got(self, text: bytes) -> None:
        """Wait until the text has been sent to the client."""
        async with asyncio.timeout(5):
            while text not in self.body:  # noqa: ASYNC110 - it waits for a list, not an event
                await asyncio.sleep(0.001)


@asynccontextmanager
async def streaming(
    broker: InProcessBroker, after: str | None = None, **bounds: Any
) -> AsyncIterator[tuple[Connection, "asyncio.Task[None]"]]:
    """A connection and the task that serves it."""
    connection = Connection()
    answer = EventStream(broker, after, EVERYTHING, **bounds)
    task = asyncio.create_task(answer({"type": "http"}, connection.receive, connection.send))
    try:
        yield connection, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ends(task: "asyncio.Task[None]") -> None:
    """Wait for the response to end by itself."""
    async with asyncio.timeout(5):
        await task


async def test_response_headers_declare_an_unbuffered_event_stream() -> None:
    async with live() as broker, streaming(broker) as (connection, _):
        await connection.got(b"event: hello")
    start = connection.sent[0]
    assert start["status"] == 200
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"content-length" not in headers


async def test_disconnected_client_is_unsubscribed_at_once() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        assert broker.subscribers == 1
        connection.left.set()
        await ends(task)
        assert broker.subscribers == 0


async def test_client_that_does_not_read_is_disconnected_after_the_send_timeout() -> None:
    bounds = {"send_timeout": 0.05, "check_interval": 0.01}
    async with live() as broker, streaming(broker, **bounds) as (connection, task):
        await connection.got(b"event: hello")
        await asyncio.sleep(0.1)
        assert not task.done(), "an idle client is not a slow client"
        connection.reads.clear()
        broker.publish([(a_cursor(1), an_event(1))])
        await ends(task)
        assert broker.subscribers == 0


async def test_closing_broker_completes_the_response() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        broker.close()
        await ends(task)
    assert connection.complete


async def test_cancelled_response_leaves_no_subscriber() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert broker.subscribers == 0


async def test_failed_backfill_completes_the_response_so_that_the_client_reconnects() -> None:
    class Broken(MemoryFeed):
        def resume_point(self, *_: object) -> None:
            raise StoreUnavailable("DynamoDB is away.")

    async with live(Broken()) as broker, streaming(broker, str(a_cursor(1))) as (connection, task):
        await ends(task)
        assert broker.subscribers == 0
    assert connection.complete


async def test_error_while_sending_is_raised() -> None:
    async def fails(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise RuntimeError("an error")

    async with live() as broker:
        answer = EventStream(broker, None, EVERYTHING)
        with pytest.raises(RuntimeError, match="an error"):
            await answer({"type": "http"}, Connection().receive, fails)
        assert broker.subscribers == 0
