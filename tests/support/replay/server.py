"""An application's real pages, with recorded changes in place of its live stream.

`python -m tests.support.replay.server URL FILE` passes requests on to the application at URL and
prints its own port. FILE has recorded events, one JSON object a line. For each line `RATE SECONDS`
of standard input it sends so many of them to every open stream, again and again with new ids, and
prints how many it has sent.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

TICK = 0.01  # seconds
BEAT = 3.0
_OWN_HEADERS = {"host", "connection", "transfer-encoding", "content-length", "keep-alive"}


class Replay:
    """The application at `upstream`, and the streams of its pages."""

    def __init__(self, upstream: str, recorded: list[dict[str, Any]]) -> None:
        self._upstream = upstream
        self._recorded = recorded
        self._streams: set[web.StreamResponse] = set()
        self._sent = 0
        self._cursor = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A stream, or the application's response."""
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._follow(request)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OWN_HEADERS}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method,
                self._upstream + request.path_qs,
                headers=headers,
                data=await request.read(),
                allow_redirects=False,
            ) as found,
        ):
            kept = {k: v for k, v in found.headers.items() if k.lower() not in _OWN_HEADERS}
            return web.Response(status=found.status, headers=kept, body=await found.read())

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        after = self._cursor or request.query.get("after", "")
        hello = {"cursor": after, "head": after, "server_version": "0", "store": "ok"}
        await stream.write(_frame("hello", after, hello))
        self._streams.add(stream)
        try:
            while True:
                await asyncio.sleep(BEAT)
                beat = {"time": _now(), "lag_ms": {"stream": 0, "audit": 0}, "store": "ok"}
                await stream.write(_frame("heartbeat", self._cursor or after, beat))
        finally:
            self._streams.discard(stream)

    async def send(self, rate: float, seconds: float) -> int:
        """Send changes at this rate; returns how many were sent so far."""
        begun, first = time.perf_counter(), self._sent
        while (passed := time.perf_counter() - begun) < seconds:
            due = first + int(passed * rate)
            frames = b"".join(self._next() for _ in range(due - self._sent))
            if frames:
                for stream in list(self._streams):
                    await stream.write(frames)
            await asyncio.sleep(TICK)
        return self._sent

    def _next(self) -> bytes:
        event = self._recorded[self._sent % len(self._recorded)]
        self._sent += 1
        self._cursor = f"{time.time_ns() // 1_000_000:013d}-00000000-{self._sent:09d}"
        ident = f"{event['id']}.{self._sent}"
        data = event["data"] | {"id": ident, "occurred_at": _now()}
        return _frame("change", self._cursor, event | {"id": ident, "data": data})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _frame(name: str, cursor: str, data: dict[str, Any]) -> bytes:
    return f"id: {cursor}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def main(upstream: str, lines: list[str]) -> None:
    """Serve until standard input ends."""
    replay = Replay(upstream, [json.loads(line) for line in lines])
    server = web.ServerRunner(web.Server(replay.answer))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    print(server.addresses[0][1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        rate, seconds = map(float, line.split())
        print(await replay.send(rate, seconds), flush=True)
    await server.cleanup()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_text().splitlines()))
