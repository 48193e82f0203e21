"""A TCP proxy in front of a server that can freeze, be slow, or answer 502."""

import selectors
import socket
import threading
import time
from contextlib import suppress

_BAD = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)


class FreezingProxy:
    """Relays connections to a port of this machine; a context manager."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._bad = False
        self.delay = 0.0  # seconds before each part of an answer is passed on
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def freeze(self) -> None:
        """Keep all connections, accept new ones, and pass nothing on."""
        self._flows.clear()

    def thaw(self) -> None:
        """Pass on what has waited."""
        self._flows.set()

    def refuse(self) -> None:
        """End all connections, and answer 502 to each request."""
        self._bad = True
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def admit(self) -> None:
        """Relay again."""
        self._bad = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._flows.wait()
            if self._bad:
                client.recv(65536)
                client.sendall(_BAD)
                return
            with socket.create_connection(self._target) as server:
                self._open |= {client, server}
                try:
                    self._relay(client, server)
                finally:
                    self._open -= {client, server}

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    one: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = one.recv(65536)
                    self._flows.wait()
                    if one is server:
                        time.sleep(self.delay)
                    if not data:
                        return
                    key.data.sendall(data)

    def __enter__(self) -> "FreezingProxy":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.thaw()
        self._listener.close()
        self.refuse()
