"""A download ends with its caller's permission, and what ends early never looks complete."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import anyio
import pytest

from app.core.errors import StoreUnavailable
from app.web.requests.exports.downloads import Download

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Client:
    """Receives a response."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.is_complete = False
        self.end: Callable[[], object] = lambda: None
        self.is_released = False

    @contextmanager
    def revocable(self, end: Callable[[], object]) -> Iterator[None]:
        self.end = end
        try:
            yield
        finally:
            self.is_released = True

    async def read(self, content: AsyncIterator[bytes]) -> None:
        response = Download(content, "text/csv", {}, nullcontext(), self.revocable)
        with anyio.fail_after(10):
            await response({"type": "http"}, self._receive, self._send)

    async def _receive(self) -> Any:
        await anyio.sleep_forever()

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.bodies.append(message["body"])
            self.is_complete = not message["more_body"]


async def test_whole_download_is_complete() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    client = Client()
    await client.read(content())
    assert (b"".join(client.bodies), client.is_complete) == (b"ab", True)


async def test_ends_when_the_permission_does() -> None:
    client = Client()

    async def content() -> AsyncIterator[bytes]:
        yield b"a"
        client.end()
        await anyio.sleep_forever()

    await client.read(content())
    assert (client.bodies, client.is_complete) == ([b"a"], False)
    assert client.is_released


async def test_rows_that_cannot_be_read_leave_it_incomplete() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"a"
        raise StoreUnavailable("The rows cannot be read now.")

    client = Client()
    await client.read(content())
    assert (client.bodies, client.is_complete) == ([b"a"], False)
