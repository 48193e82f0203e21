"""A download ends with its caller's permission, and what ends early never looks complete."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.core.errors import StoreUnavailable
from app.web.requests.exports.downloads import Download, FileDownload

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
        self.on_body: Callable[[], object] = lambda: None
        self.is_released = False

    @contextmanager
    def revocable(self, end: Callable[[], object]) -> Iterator[None]:
        self.end = end
        try:
            yield
        finally:
            self.is_released = True

    async def read(self, content: AsyncIterator[bytes]) -> None:
        await self.receive(Download(content, media_type="text/csv"))

    async def receive(self, response: Download | FileDownload) -> None:
        response.hold(nullcontext(), self.revocable)
        with anyio.fail_after(10):
            await response(
                {"type": "http", "method": "GET", "headers": []}, self._receive, self._send
            )

    async def _receive(self) -> Any:
        await anyio.sleep_forever()

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.bodies.append(message["body"])
            self.is_complete = not message["more_body"]
            self.on_body()


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


async def test_file_ends_when_the_permission_does(tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_bytes(bytes(1 << 20))
    client = Client()
    await client.receive(FileDownload(path))
    assert (len(b"".join(client.bodies)), client.is_complete) == (1 << 20, True)
    client = Client()
    client.on_body = lambda: client.end()
    await client.receive(FileDownload(path))
    assert len(b"".join(client.bodies)) < 1 << 20
    assert not client.is_complete
    assert client.is_released
