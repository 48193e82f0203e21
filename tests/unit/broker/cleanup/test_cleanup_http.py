"""However a connection ends, it leaves no subscriber and no view behind."""

import asyncio
from typing import Any

import pytest

from app.broker.in_process import InProcessBroker
from app.web.api.event_stream import irrevocable, stream
from tests.support.builders import arrivals
from tests.unit.broker.cleanup.leaving import LONG_AGO, WANTED, assert_nothing_is_left
from tests.unit.broker.kit import HeldFeed, live, turns

pytestmark = pytest.mark.anyio


class Connection:
    """One HTTP connection, as an ASGI server presents it."""

    def __init__(self, broker: InProcessBroker, after: str | None = None) -> None:
        self._answer = stream(broker, after, WANTED, irrevocable)
        self._left = asyncio.Event()
        self.sent: list[bytes] = []
        self.fail_at = 1_000
        self.stuck_at = 1_000

    async def run(self) -> None:
        await self._answer({"type": "http", "method": "GET"}, self._receive, self._send)

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] != "http.response.body":
            return
        if len(self.sent) >= self.fail_at:
            raise OSError("the socket is closed")
        if len(self.sent) >= self.stuck_at:
            await asyncio.Event().wait()
        self.sent.append(message["body"])


class TestServedOverHttp:
    async def test_cleanup_after_a_client_disconnects(self) -> None:
        async with live() as broker:
            connection = Connection(broker)
            running = asyncio.create_task(connection.run())
            await turns(10)
            assert connection.sent
            assert broker.subscribers == 1
            connection.leave()
            await asyncio.wait_for(running, 5)
            await assert_nothing_is_left(broker)

    @pytest.mark.parametrize("chunk", [0, 1])
    async def test_cleanup_after_a_socket_error(self, chunk: int) -> None:
        async with live() as broker:
            connection = Connection(broker)
            connection.fail_at = chunk
            running = asyncio.create_task(connection.run())
            await turns(10)
            broker.publish(arrivals([1]))
            with pytest.raises(OSError, match="closed"):
                await asyncio.wait_for(running, 5)
            await assert_nothing_is_left(broker)

    @pytest.mark.parametrize("chunk", [0, 1])
    async def test_cleanup_after_a_disconnect_while_the_socket_does_not_drain(
        self, chunk: int
    ) -> None:
        async with live() as broker:
            connection = Connection(broker)
            connection.stuck_at = chunk
            running = asyncio.create_task(connection.run())
            await turns(10)
            broker.publish(arrivals([1]))
            await turns(5)
            connection.leave()
            await asyncio.wait_for(running, 5)
            await assert_nothing_is_left(broker)

    async def test_cleanup_after_a_request_is_cancelled(self) -> None:
        async with live() as broker:
            running = asyncio.create_task(Connection(broker).run())
            await turns(10)
            assert broker.subscribers == 1
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await assert_nothing_is_left(broker)

    async def test_cleanup_after_a_disconnect_during_the_backfill(self) -> None:
        feed = HeldFeed()
        async with live(feed) as broker:
            connection = Connection(broker, LONG_AGO)
            running = asyncio.create_task(connection.run())
            await feed.was_read()
            assert broker.subscribers == 1
            connection.leave()
            await asyncio.wait_for(running, 5)
            await assert_nothing_is_left(broker)
            feed.release.set()
