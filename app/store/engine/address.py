"""The engine listens at a random address in 127/8 and a random port that no web page can guess.

It accepts any origin and any signature, so only its address keeps web pages out. The file that
records the address is 0600, but other users of the machine can list its listening sockets. The
address is chosen once and kept, so that AWS CLI commands that people have copied keep working.
"""

import errno
import logging
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from app.store.engine.errors import EngineFailed

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
# Below the ephemeral port ranges (Linux from 32768, macOS from 49152), so that no outgoing
# connection takes the port while the engine is down.
PORTS = range(20_000, 32_768)
_TRIES = 20
_ENDING_WITHIN = 2.0  # seconds to wait for another process to free the kept address
_PAUSE = 0.05


@dataclass(frozen=True)
class Address:
    """Where the engine listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The endpoint, as SDKs take it."""
        return f"http://{self.host}:{self.port}"


def parse(url: str) -> Address:
    """The address in an embedded engine's endpoint.

    Raises:
        ValueError: the URL is not `http://127.x.y.z:port`.

    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.port is None:
        raise ValueError(f"not an endpoint: {url}")
    octets = (parts.hostname or "").split(".")
    if len(octets) != 4 or octets[0] != "127" or not all(_is_octet(octet) for octet in octets):
        raise ValueError(f"not a loopback address: {url}")
    return Address(".".join(octets), parts.port)


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 255


def random_address(rng: Random) -> Address:
    """A random address of 127/8 that is not in 127.0/16 and does not end in 0 or 255."""
    host = f"127.{rng.randint(1, 254)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    return Address(host, rng.choice(PORTS))


def bind_error(address: Address) -> OSError | None:
    """The error if nothing can listen at `address` now, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Ignore connections in TIME_WAIT, left by an engine that has just ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def choose(
    rng: Random | None = None, try_bind: Callable[[Address], OSError | None] = bind_error
) -> Address:
    """A new address on which the engine can listen.

    Raises:
        EngineFailed: every port that was tried is in use.

    """
    rng = rng or secrets.SystemRandom()
    only_loopback = False
    for _ in range(_TRIES):
        address = random_address(rng)
        if only_loopback:
            address = Address(LOOPBACK, address.port)
        reason = try_bind(address)
        if reason is None:
            return address
        if reason.errno == errno.EADDRNOTAVAIL and not only_loopback:
            # macOS configures only 127.0.0.1.
            log.warning(
                "this system's only loopback address is %s: the embedded engine is protected by "
                "its random port only, so do not open untrusted web pages while it runs",
                LOOPBACK,
            )
            only_loopback = True
    raise EngineFailed(
        f"no free port for the embedded engine in {PORTS.start}-{PORTS.stop - 1} "
        f"(last error: {reason}): stop the programs that use them, or set "
        "STOCKPULSE_DYNAMODB=http://host:port"
    )


def keep_or_choose(
    kept: Address | None,
    try_bind: Callable[[Address], OSError | None] = bind_error,
    within: float = _ENDING_WITHIN,
) -> Address:
    """The kept address if it is free, else a new one, with a warning.

    Falling back is safe: usually the data folder is a copy whose original is running, and nothing
    in Stockpulse needs the old address.

    Raises:
        EngineFailed: no address is free.

    """
    if kept is None:
        return choose(try_bind=try_bind)
    until = time.monotonic() + within
    while reason := try_bind(kept):
        if reason.errno != errno.EADDRINUSE or time.monotonic() > until:
            chosen = choose(try_bind=try_bind)
            log.warning(
                "%s is not available (%s): the engine is at %s from now on; "
                "`stockpulse engine` prints the new AWS CLI commands",
                kept.url,
                reason.strerror,
                chosen.url,
            )
            return chosen
        time.sleep(_PAUSE)
    return kept
