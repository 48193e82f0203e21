"""uvicorn creates a protocol for each connection; those of one server share limits and a buffer."""

import asyncio
from collections.abc import Callable
from typing import Any

from app.web.middleware.client_network import network_of
from app.web.services import Services
from app.web.transport.bounded_protocol import BoundedProtocol
from app.web.transport.connection_limits import ConnectionLimits

_READ = 16 * 1024  # most bytes read from a connection at a time


def bounded(services: Services, connections: int) -> Any:
    """What uvicorn takes as the protocol class of one server with at most so many connections."""
    authenticator = services.access.authenticator

    def network_at(address: str) -> str:
        """The loopback clients of a server without keys have no limit of their own."""
        network, is_loopback = network_of(address)
        return "" if is_loopback and authenticator.is_open() else network

    members = {
        "max_head": services.settings.max_header_bytes,
        "request_timeout": services.settings.request_timeout_seconds,
        "limits": ConnectionLimits(connections),
        "network_at": staticmethod(network_at),
        "is_proxy_at": staticmethod(authenticator.proxies.trusts),
    }
    protocol = type("Bounded", (BoundedProtocol,), members)
    buffer = memoryview(bytearray(_READ))

    def create(**given: Any) -> asyncio.BufferedProtocol:
        return _Reader(protocol(**given), buffer)

    return create


class _Reader(asyncio.BufferedProtocol):
    """Reads into a small buffer that all connections share; uvloop's own holds up to 256 KB each.

    (uvloop ignores `get_buffer` of a class that is an `asyncio.Protocol` too.)
    """

    def __init__(self, protocol: BoundedProtocol, buffer: memoryview) -> None:
        self._buffer = buffer
        self._received: Callable[[bytes], None] = protocol.data_received
        for name in (
            "connection_made",
            "connection_lost",
            "eof_received",
            "pause_writing",
            "resume_writing",
        ):
            setattr(self, name, getattr(protocol, name))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - we know better
        """Where the next bytes go; they are copied before anything else is read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on the bytes that were read."""
        self._received(bytes(self._buffer[:nbytes]))
