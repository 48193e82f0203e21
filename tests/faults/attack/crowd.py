"""Many raw connections of one client, as an attacker or a crowd of browsers opens them."""

import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import psutil

from app.web.statics import static_path
from tests.support.http.raw_http import request
from tests.support.processes.process import Process

_TCP_CLOSE = 7  # the state of a connection that was reset (Linux)

MIB = 1024 * 1024
HEALTH = request("GET", "/healthz")
# Responses of 1.7 MB, of a page and of a stream: what is not read fills the sockets' buffers.
LARGE = request("GET", f"{static_path()}/vendor/swagger-ui-bundle.js") * 20
PAGES = request("GET", "/") * 20
STREAM = request("GET", "/v1/events", b"Accept: text/event-stream")
SMALL = b"GET / HTTP/1.1\r\n\r\n"
FLOOD = SMALL * (256 * 1024 // len(SMALL))


class Crowd:
    """Connections that stay open until the block ends; none of them is ever read."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._address = address
        self._stack = ExitStack()
        self.connections: list[socket.socket] = []

    def __enter__(self) -> "Crowd":
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def open(self, count: int, data: bytes = b"") -> None:
        """Open connections, and send as much of `data` on each as the server takes at once."""
        for _ in range(count):
            connection = self._stack.enter_context(socket.socket())
            connection.settimeout(10)
            connection.bind((self._address, 0))
            connection.connect(self._server)
            connection.settimeout(0)
            self.connections.append(connection)
            with suppress(BlockingIOError, OSError):
                sent = 0
                while sent < len(data):
                    sent += connection.send(data[sent:])

    def closed(self) -> int:
        """How many of them the server has closed."""
        return sum(map(_is_closed, self.connections))


def _is_closed(connection: socket.socket) -> bool:
    """Whether it was reset; what was sent before stays unread."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE


def resident(process: Process) -> int:
    """The server's resident memory, in bytes."""
    return int(psutil.Process(process.pid).memory_info().rss)


def highest(process: Process, seconds: float) -> int:
    """The highest resident memory seen within `seconds`, in bytes."""
    found, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = max(found, resident(process))
        time.sleep(0.05)
    return found


def answered(check: Callable[[], int], seconds: float) -> tuple[int, int, float]:
    """Repeat a health check: how many were answered with 200, of how many, and the slowest."""
    good = total = 0
    slowest, deadline = 0.0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        started = time.monotonic()
        total += 1
        with suppress(httpx.HTTPError, OSError):
            good += check() == 200
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.05)
    return good, total, slowest
