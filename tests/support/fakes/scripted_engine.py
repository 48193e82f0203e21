"""An HTTP server that answers each request with the next of the given responses."""

import socket
import threading
from contextlib import suppress

TABLES = b'{"TableNames": ["Products"]}'
KEEP = (
    b"HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 09:00:00 GMT\r\nContent-Length: 28\r\n\r\n" + TABLES
)
LAST = KEEP.replace(b"Date:", b"Connection: close\r\nDate:")
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a\r\n" + TABLES[:10] + b"\r\n12\r\n" + TABLES[10:] + b"\r\n0\r\n\r\n"
)
REFUSED = (
    b'HTTP/1.1 400 Bad Request\r\nContent-Length: 36\r\n\r\n{"__type": "ThrottlingException"}   '
)
CUT = KEEP[:-5]  # and then the connection is closed
TOO_LARGE = (  # and then the connection is closed, before the request was read
    b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 42\r\n\r\n"
    b'{"__type": "X", "message": "length limit"}'
)
UNFRAMED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + TABLES  # ends with the connection
CUT_HEADERS = UNFRAMED[:30]
CUT_CHUNKS = CHUNKED[:-5]
GARBAGE = b"220 mail.example ESMTP\r\n\r\n"


class ScriptedEngine:
    """Answers each request with the next of the given responses; None: it does not answer."""

    def __init__(self, *responses: bytes | None) -> None:
        self._left = list(responses)
        self.requests: list[bytes] = []
        self.connections = self.closed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
        self._listener.close()
        for connection in self._open:
            connection.close()

    def hang_up(self) -> None:
        """Close all connections, as an engine does with idle ones."""
        for connection in self._open:
            connection.shutdown(socket.SHUT_RDWR)

    def answer_all(self, response: bytes) -> None:
        for connection in self._open:
            connection.sendall(response)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the test has closed it
            while request := connection.recv(65536):
                self.requests.append(request)
                response = self._left.pop(0)
                if response is None:
                    continue
                connection.sendall(response)
                if response is TOO_LARGE:
                    connection.close()
                if response in {CUT, CUT_HEADERS, CUT_CHUNKS, LAST, UNFRAMED, GARBAGE}:
                    connection.shutdown(socket.SHUT_RDWR)
                    break  # the body of the request may still be on its way
        self.closed += 1
