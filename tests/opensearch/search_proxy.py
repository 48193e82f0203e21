"""A proxy in front of OpenSearch that can answer requests itself, or drop them."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from tests.support.http.lossy import message

# Gets a request; returns its response, b"" to close the connection, or None to pass it on.
Fault = Callable[[bytes], bytes | None]


def response(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """A response in bytes; `Retry_After="7"` becomes a header."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{''.join(lines)}\r\n"
    return head.encode() + body


class _Handler(socketserver.StreamRequestHandler):
    """One client connection."""

    server: "SearchProxy"

    def handle(self) -> None:
        with ExitStack() as opened:
            upstream: socket.socket | None = None
            while (request := message(self.rfile)) is not None:
                answer = self.server.fault(request)
                if answer is None:
                    if upstream is None:
                        upstream = socket.create_connection(self.server.target, timeout=30)
                        opened.enter_context(upstream)
                        answers = opened.enter_context(upstream.makefile("rb"))
                    upstream.sendall(request)
                    answer = self.server.after(request, message(answers) or b"")
                if not answer:
                    return
                self.wfile.write(answer)


class SearchProxy(socketserver.ThreadingTCPServer):
    """`fault` may answer instead of the node, `after` may change what the node answered."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.fault: Fault = lambda _request: None
        self.after: Callable[[bytes, bytes], bytes] = lambda _request, answer: answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: the tests kill the node."""


@contextmanager
def search_proxy(url: str) -> Iterator[SearchProxy]:
    """A proxy that passes everything on, until the test sets a fault."""
    parts = urlsplit(url)
    with SearchProxy((parts.hostname or "", parts.port or 80)) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
