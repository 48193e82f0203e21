"""One server of live streams in a process of its own.

`python feed_server.py KIND FOLDER`: KIND is `stockpulse` (the real application on uvicorn and
uvloop), `bare` (asyncio and shared bytes) or `queues` (sse-starlette, with a queue and an encoding
for each client). It prints its port, then executes commands from standard input, one per line:
`publish N`, `pace EVENTS_PER_S SECONDS`, `usage`.
"""

import asyncio
import contextlib
import gc
import json
import resource
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import uvicorn
import uvloop
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from app.bootstrap.process import end_by_signals
from app.bootstrap.web import running
from app.config.settings import Settings
from app.core.events import cloud_event
from app.store.audit.audit_repository import Arrived
from app.store.feed.feed import ROW_LIMIT
from app.web.app import create_app
from app.web.transport.server import Server
from bench.support.changes import TABLE, Changes, frame

Publish = Callable[[Sequence[Arrived]], None]
Served = tuple[Publish, Callable[[], None]]  # how to publish, and how to serve
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNK = 64 * 1024


@contextlib.contextmanager
def stockpulse(folder: Path, listener: socket.socket) -> Iterator[Served]:
    """The application as `stockpulse serve` runs it."""
    settings = Settings(_env_file=None, data_dir=folder / "data")
    end_by_signals()  # so that the engine ends with its owner
    with contextlib.suppress(KeyboardInterrupt), running(settings) as services:
        app, broker = create_app(services), services.broker
        yield broker.publish, lambda: serve(app, listener, broker.close)


@contextlib.contextmanager
def queues(_: Path, listener: socket.socket) -> Iterator[Served]:
    """The usual design: each client has a queue, and each event is encoded for each client."""
    clients: set[asyncio.Queue[tuple[str, dict[str, Any]]]] = set()
    loops: list[asyncio.AbstractEventLoop] = []

    async def stream(_: Request) -> EventSourceResponse:
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        clients.add(queue)
        loops[:] = [asyncio.get_running_loop()]

        async def events() -> AsyncIterator[dict[str, Any]]:
            try:
                while True:
                    cursor, document = await queue.get()
                    yield {"id": cursor, "event": "change", "data": json.dumps(document)}
            finally:
                clients.discard(queue)

        return EventSourceResponse(events())

    def put(documents: list[tuple[str, dict[str, Any]]]) -> None:
        for queue in clients:
            for document in documents:
                queue.put_nowait(document)

    def publish(arrived: Sequence[Arrived]) -> None:
        documents = [(str(cursor), cloud_event(event, TABLE)) for cursor, event in arrived]
        loops[0].call_soon_threadsafe(put, documents)

    app = Starlette(routes=[Route("/v1/events", stream)])
    yield publish, lambda: serve(app, listener)


class SharedLog:
    """The baseline: a list of frames, shared bytes, `write` and `drain`; HTTP only in the head."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._joined: dict[int, tuple[bytes, int]] = {}
        self._more = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled."""
        self.loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._client, sock=listener) as server:
            await server.serve_forever()

    def add(self, frames: list[bytes]) -> None:
        """Send frames to every client; call it on the loop's thread."""
        self._frames.extend(frames)
        self._more.set()
        self._more = asyncio.Event()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        place = len(self._frames)
        try:
            while True:
                waiting = self._more
                while place < len(self._frames):
                    data, place = self._chunk(place)
                    writer.write(data)
                    await writer.drain()
                await waiting.wait()
        except ConnectionError:
            writer.close()

    def _chunk(self, place: int) -> tuple[bytes, int]:
        """(About 64 KB of frames from `place` on, next place), joined once for all clients."""
        found = self._joined.get(place)
        if found is None:
            end, size = place, 0
            while end < len(self._frames) and size < CHUNK:
                size += len(self._frames[end])
                end += 1
            found = self._joined[place] = (b"".join(self._frames[place:end]), end)
        return found


@contextlib.contextmanager
def bare(_: Path, listener: socket.socket) -> Iterator[Served]:
    """A server that only sends the shared log."""
    log = SharedLog()

    def publish(arrived: Sequence[Arrived]) -> None:
        log.loop.call_soon_threadsafe(log.add, [frame(item) for item in arrived])

    yield publish, lambda: uvloop.run(log.run(listener))


def serve(
    app: Any, listener: socket.socket, end_streams: Callable[[], None] = lambda: None
) -> None:
    """Serve with uvicorn, as the application is served."""
    config = uvicorn.Config(app, log_config=None, access_log=False, loop="uvloop")
    Server(config, end_streams).run(sockets=[listener])


def run_commands(publish: Publish) -> None:
    """Execute the commands on standard input, in a thread of its own like the worker's."""
    changes = Changes()
    for line in sys.stdin:
        match line.split():
            case ["publish", count]:
                for start in range(0, int(count), ROW_LIMIT):
                    publish(changes.batch(min(ROW_LIMIT, int(count) - start)))
            case ["pace", rate, seconds]:
                begun = time.perf_counter()
                for number in range(int(float(rate) * float(seconds))):
                    time.sleep(max(0.0, begun + number / float(rate) - time.perf_counter()))
                    publish(changes.batch(1))
            case ["usage"]:
                gc.collect()
                used = resource.getrusage(resource.RUSAGE_SELF)
                cpu = used.ru_utime + used.ru_stime
                print(json.dumps({"cpu_s": cpu, "kib": resident_kib()}), flush=True)


def resident_kib() -> int:
    """Resident memory of this process, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Serve until a signal ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kind = {"stockpulse": stockpulse, "bare": bare, "queues": queues}[sys.argv[1]]
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2048) as listener,
        kind(Path(sys.argv[2]), listener) as (publish, run),
    ):
        threading.Thread(target=run_commands, args=(publish,), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        run()


if __name__ == "__main__":
    main()
