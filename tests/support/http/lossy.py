"""A proxy in front of the engine that passes every request on and drops random responses."""

import random
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

WRITES = ("TransactWriteItems",)  # every write to a product is a transaction


class _Handler(socketserver.StreamRequestHandler):
    """One client connection: each request gets its response, or the connection is closed."""

    server: "LossyProxy"

    def handle(self) -> None:
        with (
            socket.create_connection(self.server.target, timeout=10) as upstream,
            upstream.makefile("rb") as answers,
        ):
            while (request := message(self.rfile)) is not None:
                upstream.sendall(request)
                answer = message(answers)
                if answer is None or self.server.swallows(request):
                    return
                self.wfile.write(answer)


class LossyProxy(socketserver.ThreadingTCPServer):
    """Drops a `share` of the responses to `operations`, and counts them."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        target: tuple[str, int],
        share: float,
        seed: int,
        operations: tuple[str, ...] = WRITES,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.swallowed = 0
        self._share = share
        self._operations = [operation.encode() for operation in operations]
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def swallows(self, request: bytes) -> bool:
        with self._lock:
            meant = any(operation in request for operation in self._operations)
            if not meant or self._random.random() > self._share:
                return False
            self.swallowed += 1
            return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: this proxy causes them."""


def message(stream: object) -> bytes | None:
    """One HTTP/1.1 message with a Content-Length; None at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()  # type: ignore[attr-defined]
        if not line:
            return None
        head += line
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + stream.read(length)  # type: ignore[attr-defined]


@contextmanager
def lossy(
    endpoint: str,
    share: float,
    seed: int = 1,
    operations: tuple[str, ...] = WRITES,
) -> Iterator[tuple[str, LossyProxy]]:
    """(The proxy's endpoint, the proxy) in front of `endpoint`."""
    parts = urlsplit(endpoint)
    target = (parts.hostname or "", parts.port or 80)
    with LossyProxy(target, share, seed, operations) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}", proxy
        finally:
            proxy.shutdown()
            thread.join()
