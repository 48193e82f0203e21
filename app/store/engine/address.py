"""The engine listens where no web page guesses: a random address in 127/8 and a random port.

It believes any origin and any signature, so its address is what keeps web pages out (the file that
records it is 0600; other users of the machine can see what listens). The address is chosen once
and kept, so that lines pasted into the AWS CLI go on working.
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
# Below the ranges that kernels take ports of outgoing connections from
# (Linux 32768, macOS 49152), so that nobody takes ours by chance while we are down.
PORTS = range(20_000, 32_768)
_TRIES = 20
_ENDING_WITHIN = 2.0  # seconds that a process on the kept address is given to end
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
    """The address in an endpoint of ours.

    Raises:
        ValueError: it is not `http://127.x.y.z:port`.

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
    """Any address of 127/8 that does not end in 0 or 255, away from 127.0.0.1's neighbours."""
    host = f"127.{rng.randint(1, 254)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    return Address(host, rng.choice(PORTS))


def bind_error(address: Address) -> OSError | None:
    """Why nothing can listen at `address` now, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of an engine that just ended may linger in TIME_WAIT: they don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def choose(
    rng: Random | None = None, attempt: Callable[[Address], OSError | None] = bind_error
) -> Address:
    """A new address that can be listened on.

    Raises:
        EngineFailed: every port that was tried is taken.

    """
    rng = rng or secrets.SystemRandom()
    only_loopback = False
    for _ in range(_TRIES):
        address = random_address(rng)
        if only_loopback:
            address = Address(LOOPBACK, address.port)
        reason = attempt(address)
        if reason is None:
            return address
        if reason.errno == errno.EADDRNOTAVAIL and not only_loopback:
            # macOS configures 127.0.0.1 alone.
            log.warning(
                "this system has no loopback address but %s: the embedded engine is guarded by "
                "its random port only, so do not browse untrusted pages while it runs",
                LOOPBACK,
            )
            only_loopback = True
    raise EngineFailed(
        f"no free port for the embedded engine in {PORTS.start}-{PORTS.stop - 1} "
        f"(last answer: {reason}): end what holds them, or set STOCKPULSE_DYNAMODB=http://host:port"
    )


def settle(
    kept: Address | None,
    attempt: Callable[[Address], OSError | None] = bind_error,
    within: float = _ENDING_WITHIN,
) -> Address:
    """The kept address where it can be had, else a new one, with a warning.

    A new one rather than no start: the usual cause is a copy of the data folder whose original
    runs, and nothing of ours needs the old address.

    Raises:
        EngineFailed: no address can be had.

    """
    if kept is None:
        return choose(try_bind=attempt)
    until = time.monotonic() + within
    while reason := attempt(kept):
        if reason.errno != errno.EADDRINUSE or time.monotonic() > until:
            chosen = choose(try_bind=attempt)
            log.warning(
                "%s cannot be had again (%s): the engine is at %s from now on; "
                "`stockpulse engine` prints the new lines to paste",
                kept.url,
                reason.strerror,
                chosen.url,
            )
            return chosen
        time.sleep(_PAUSE)
    return kept
