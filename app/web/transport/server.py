"""On shutdown live streams end first: uvicorn waits for open connections, and theirs stay open."""

import socket
from collections.abc import Callable

import uvicorn


class Server(uvicorn.Server):
    """A server that calls `end_streams` on its loop when it begins to shut down."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down (uvicorn calls this between the last request and the lifespan's end)."""
        self._end_streams()
        await super().shutdown(sockets)
