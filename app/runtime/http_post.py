"""A POST ends by its deadline, whatever the server does, and is sent only to the given URL.

Where only some addresses are allowed, each is checked when its socket is made: after the name was
resolved, so no answer of a name server can lead elsewhere.

Redirects are not followed, proxies in the environment are ignored, and cookies are not kept. The
deadline covers name resolution, connecting, TLS and all bytes in both directions. This needs real
cancellation, which blocking clients do not have: a read timeout starts again with each byte, and
`getaddrinfo` has no timeout. Therefore the client is aiohttp, on its own event loop.
"""

import asyncio
import concurrent.futures
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple

import aiohttp
from yarl import URL

DEADLINE = 5.0  # seconds per call
MAX_ANSWER = 64 * 1024  # largest response body, in bytes, that is read to reuse the connection
# Seconds that an idle connection is kept: less than the 5 s after which Node's servers close it.
KEEP_ALIVE = 4.0

Headers = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """Status and headers of a response, names in lower case. The body is not needed."""

    status: int
    headers: Mapping[str, str]


class NoAnswer(Exception):
    """There was no response. The message says why, without the URL."""


Post = Callable[[str, Headers, bytes], Answer]  # of a URL, headers and a body
MayConnect = Callable[[str], bool]  # to an IP address


class _NotAllowed(OSError):
    """The host has an address that this sender must not connect to."""


@contextmanager
def posting(seconds: float = DEADLINE, may_connect: MayConnect | None = None) -> Iterator[Post]:
    """A function that sends a body to a URL, callable from several threads at once.

    It raises `NoAnswer`. Connections are reused; concurrent calls never share one. `may_connect`
    says which addresses are allowed; None: all.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="http-post", daemon=True)
    thread.start()
    session = asyncio.run_coroutine_threadsafe(_session(may_connect), loop).result()

    def post(url: str, headers: Headers, body: bytes) -> Answer:
        call = _post(session, URL(url, encoded=True), headers, body, seconds)
        try:
            return asyncio.run_coroutine_threadsafe(call, loop).result()
        except concurrent.futures.CancelledError:
            raise NoAnswer("was interrupted because this process is stopping") from None

    try:
        yield post
    finally:
        asyncio.run_coroutine_threadsafe(_close(session), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _session(may_connect: MayConnect | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # callers limit their number of concurrent calls
            keepalive_timeout=KEEP_ALIVE,
            ssl=ssl.create_default_context(),
            use_dns_cache=False,
            socket_factory=None if may_connect is None else partial(_allowed_socket, may_connect),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding"),
    )


def _allowed_socket(may_connect: MayConnect, info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = info
    if not may_connect(str(address[0])):
        raise _NotAllowed("not allowed")
    return socket.socket(family, kind, protocol)


async def _post(
    session: aiohttp.ClientSession, url: URL, headers: Headers, body: bytes, seconds: float
) -> Answer:
    timeout = aiohttp.ClientTimeout(total=None)  # the deadline below also covers the body
    answer: Answer | None = None
    try:
        async with asyncio.timeout(seconds):
            response = await session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            )
            answer = Answer(
                response.status, {name.lower(): value for name, value in response.headers.items()}
            )
            try:
                # A server that refuses a request may not have read its body, so the connection
                # cannot be reused.
                if answer.status < 300:
                    await response.content.readexactly(MAX_ANSWER + 1)
            except asyncio.IncompleteReadError:  # the normal case: the whole response was read
                response.release()
            finally:
                response.close()
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if answer is None:
            raise NoAnswer(_reason(error, seconds)) from None
    if answer is None:
        raise NoAnswer("did not answer in HTTP/1.1")
    return answer


async def _close(session: aiohttp.ClientSession) -> None:
    """Cancel running calls and close idle connections."""
    calls = asyncio.all_tasks() - {asyncio.current_task()}
    for call in calls:
        call.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*calls, return_exceptions=True)
    await session.close()
    await asyncio.sleep(0)  # a transport closes its socket in the loop's next iteration


def _reason(error: Exception, seconds: float) -> str:
    match error:
        case TimeoutError():
            return f"did not answer within {seconds:g} s"
        case aiohttp.ClientConnectorDNSError() | aiohttp.InvalidURL() | UnicodeError():
            return "has a host name that cannot be resolved"
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            why = getattr(cause, "verify_message", cause)
            return f"has a certificate that is not trusted: {why}"
        case aiohttp.ClientConnectorSSLError(os_error=cause):
            return f"failed in the TLS handshake: {getattr(cause, 'reason', cause)}"
        case aiohttp.ClientConnectorError(os_error=_NotAllowed()):
            return "has a private address, to which messages must not be sent"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "refused the connection"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection without answering"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return "did not answer in HTTP/1.1"
        case OSError():
            return f"had a connection error: {error.strerror or error}"
        case _:
            return "did not answer in HTTP/1.1"
