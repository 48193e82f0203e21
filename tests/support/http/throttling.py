"""A proxy in front of an engine that can answer one operation as a throttled table does."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.support.http.lossy import message

_FAULT = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput was exceeded.",
    }
).encode()
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_FAULT), _FAULT)
)


class _Handler(socketserver.StreamRequestHandler):
    """One client connection: each request is passed on or throttled."""

    server: "ThrottlingProxy"

    def handle(self) -> None:
        with socket.create_connection(self.server.target, timeout=30) as upstream:
            answers = upstream.makefile("rb")
            while (request := message(self.rfile)) is not None:
                if self.server.refuses(request):
                    self.wfile.write(_ANSWER)
                    continue
                upstream.sendall(request)
                answer = message(answers)
                if answer is None:
                    return
                self.wfile.write(answer)


class ThrottlingProxy(socketserver.ThreadingTCPServer):
    """Throttles requests of `operation` with `part` in the body while `throttled` is true.

    `refused` counts them.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: tuple[str, int], operation: str, part: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.throttled = False
        self.refused = 0
        self._operation = operation.encode()
        self._part = part.encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def refuses(self, request: bytes) -> bool:
        head, _, body = request.partition(b"\r\n\r\n")
        if not self.throttled or self._operation not in head or self._part not in body:
            return False
        self.refused += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: the tests kill clients."""


@contextmanager
def throttling(endpoint: str, operation: str, part: str = "") -> Iterator[ThrottlingProxy]:
    """A proxy in front of `endpoint`, not throttling yet."""
    parts = urlsplit(endpoint)
    with ThrottlingProxy((parts.hostname or "", parts.port or 80), operation, part) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
