"""A POST ends by its deadline, whatever the other side does, and goes to the given URL alone.

No redirect is followed, no proxy is taken from the environment, no cookie is kept. The deadline
covers name resolution, connecting, TLS and every byte in either direction. That takes real
cancellation, which asyncio has and blocking sockets have not: a read timeout starts again with
each byte, and `getaddrinfo` has none. A connection pool of a client library would have to be
cancelled, too, and httpcore 1.0.9 loses a place in its pool then (its issue 1093). So this is
asyncio's own connections, with h11 for the protocol.
"""

import asyncio
import concurrent.futures
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

DEADLINE = 5.0  # seconds for a call
MAX_ANSWER = 64 * 1024  # bytes of an answer's body that are read to keep the connection
# Seconds that an unused connection is kept: less than the 5 s of Node's servers.
KEEP_ALIVE = 4.0

Headers = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """Status and headers, names in lower case. The body is not kept: the status decides."""

    status: int
    headers: Mapping[str, str]


class NoAnswer(Exception):
    """No answer came; the message says why, in words without the URL."""


Post = Callable[[Headers, bytes], Answer]


@contextmanager
def posting(url: str, seconds: float = DEADLINE) -> Iterator[Post]:
    """A function that sends a body to `url`, callable from several threads at once.

    It raises `NoAnswer`. Connections are kept and used again; each call has one to itself.
    """
    client = _Client(url, seconds)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="http-post", daemon=True)

    def post(headers: Headers, body: bytes) -> Answer:
        try:
            return asyncio.run_coroutine_threadsafe(client.post(headers, body), loop).result()
        except concurrent.futures.CancelledError:
            raise NoAnswer("was not waited for: this process is ending") from None

    thread.start()
    try:
        yield post
    finally:
        asyncio.run_coroutine_threadsafe(client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Connection:
    """One connection, which carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0

    async def send(self, request: h11.Request, body: bytes) -> Answer:
        # The answer is awaited at once, while the transport sends: a server may refuse a large
        # body and close before it has read it all.
        parts: Sequence[h11.Event] = (request, h11.Data(data=body), h11.EndOfMessage())
        self._writer.writelines(self._http.send(part) or b"" for part in parts)
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise h11.RemoteProtocolError("no response")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        return Answer(event.status_code, headers)

    async def finish(self) -> bool:
        """Read the rest of the answer; whether the connection can carry another request."""
        length = 0
        while isinstance(event := await self._next(), h11.Data):
            length += len(event.data)
            if length > MAX_ANSWER:
                return False
        if {self._http.our_state, self._http.their_state} != {h11.DONE}:
            return False
        self._http.start_next_cycle()
        self._idle_since = asyncio.get_running_loop().time()
        return True

    def usable(self) -> bool:
        """Whether it is young enough and the other side has not closed it."""
        age = asyncio.get_running_loop().time() - self._idle_since
        return age < KEEP_ALIVE and not self._reader.at_eof()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await self._reader.read(64 * 1024)
            if not data:
                raise EOFError
            self._http.receive_data(data)
        return event


class _Client:
    """The connections to one URL. Everything but the constructor runs in the loop's thread."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._authority = parts.netloc
        self._seconds = seconds
        self._idle: list[_Connection] = []

    async def post(self, headers: Headers, body: bytes) -> Answer:
        own = [("Host", self._authority), ("Content-Length", str(len(body)))]
        request = h11.Request(method="POST", target=self._target, headers=[*own, *headers])
        answer = connection = None
        try:
            async with asyncio.timeout(self._seconds):
                connection = self._taken() or await self._connected()
                answer = await connection.send(request, body)
                # A server that refuses a body may have read none of it, and would not read on.
                if answer.status < 300 and await connection.finish():
                    self._idle.append(connection)
                    connection = None
        except (OSError, EOFError, UnicodeError, h11.RemoteProtocolError) as error:
            if answer is None:
                raise NoAnswer(self._reason(error)) from None
        finally:
            if connection is not None:
                connection.abort()
        return answer

    async def close(self) -> None:
        """End what is under way, and close the kept connections."""
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # a transport lets go of its socket in the loop's next round

    def _taken(self) -> _Connection | None:
        """The kept connection that was used last; those past their time are closed."""
        taken = None
        kept = []
        while self._idle:
            connection = self._idle.pop()
            if not connection.usable():
                connection.abort()
            elif taken is None:
                taken = connection
            else:
                kept.append(connection)
        self._idle = kept[::-1]
        return taken

    async def _connected(self) -> _Connection:
        streams = await asyncio.open_connection(
            self._host, self._port, ssl=self._tls, happy_eyeballs_delay=0.25
        )
        return _Connection(*streams)

    def _reason(self, error: Exception) -> str:
        match error:
            case TimeoutError():
                return f"gave no answer within {self._seconds:g} s"
            case socket.gaierror() | UnicodeError():
                return "has a host name that cannot be resolved"
            case ssl.SSLCertVerificationError():
                return f"has a certificate that is not trusted: {error.verify_message}"
            case ssl.SSLError():
                return f"failed in the TLS handshake: {error.reason}"
            case EOFError():
                return "closed the connection without an answer"
            case ConnectionRefusedError():
                return "refused the connection"
            case OSError():
                return f"broke the connection: {error.strerror or error}"
            case _:
                return "did not answer in HTTP/1.1"
