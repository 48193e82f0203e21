"""A live stream ends with its client, with a client that does not read, and with the broker."""

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
    """One client's connection as an ASGI server shows it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()  # cleared: the client takes nothing more
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
        """Whether the answer was ended as it should be."""
        return self.sent[-1].get("more_body") is False

    async def got(self, text: bytes) -> None:
        """Return once the client has been sent the text."""
        async with asyncio.timeout(5):
            while text not in self.body:  # noqa: ASYNC110 - what it waits for is a list of bytes
                await asyncio.sleep(0.001)


@asynccontextmanager
async def streaming(
    broker: InProcessBroker, after: str | None = None, **bounds: Any
) -> AsyncIterator[tuple[Connection, "asyncio.Task[None]"]]:
    """A connection and the task that answers it."""
    connection = Connection()
    answer = EventStream(broker, after, EVERYTHING, **bounds)
    task = asyncio.create_task(answer({"type": "http"}, connection.receive, connection.send))
    try:
        yield connection, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ends(task: "asyncio.Task[None]") -> None:
    """Wait for the answer to end by itself."""
    async with asyncio.timeout(5):
        await task


async def test_the_head_says_that_it_is_a_stream_which_nobody_may_hold_back() -> None:
    async with live() as broker, streaming(broker) as (connection, _):
        await connection.got(b"event: hello")
    start = connection.sent[0]
    assert start["status"] == 200
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"content-length" not in headers


async def test_a_client_that_leaves_is_forgotten_at_once() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        assert broker.subscribers == 1
        connection.left.set()
        await ends(task)
        assert broker.subscribers == 0


async def test_a_client_that_takes_nothing_is_cut_after_the_time_it_has_for_a_chunk() -> None:
    bounds = {"send_timeout": 0.05, "check_interval": 0.01}
    async with live() as broker, streaming(broker, **bounds) as (connection, task):
        await connection.got(b"event: hello")
        await asyncio.sleep(0.1)
        assert not task.done(), "an idle client is no slow one"
        connection.reads.clear()
        broker.publish([(a_cursor(1), an_event(1))])
        await ends(task)
        assert broker.subscribers == 0


async def test_the_broker_s_end_ends_the_answer_properly() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        broker.close()
        await ends(task)
    assert connection.complete


async def test_a_server_that_gives_up_on_it_leaves_no_subscriber_behind() -> None:
    async with live() as broker, streaming(broker) as (connection, task):
        await connection.got(b"event: hello")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert broker.subscribers == 0


async def test_a_store_that_cannot_say_what_was_missed_ends_the_answer_for_another_try() -> None:
    class Broken(MemoryFeed):
        def backfill(self, *_: object) -> None:
            raise StoreUnavailable("DynamoDB is away.")

    async with live(Broken()) as broker, streaming(broker, str(a_cursor(1))) as (connection, task):
        await ends(task)
        assert broker.subscribers == 0
    assert connection.complete


async def test_a_fault_on_the_way_is_not_swallowed() -> None:
    async def fails(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise RuntimeError("a fault")

    async with live() as broker:
        answer = EventStream(broker, None, EVERYTHING)
        with pytest.raises(RuntimeError, match="a fault"):
            await answer({"type": "http"}, Connection().receive, fails)
        assert broker.subscribers == 0
