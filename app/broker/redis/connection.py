"""Every call to Redis has a timeout and is tried once; errors become `BrokerUnavailable`.

The caller decides whether to retry. The URL may contain a password, so no message shows it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.errors import ServiceUnavailable

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 5.0  # seconds


class BrokerUnavailable(ServiceUnavailable):
    """Redis cannot be reached, does not answer in time, or refuses the call."""

    code = "broker-unavailable"
    title = "The broker is not available"


@dataclass(frozen=True, slots=True)
class Keys:
    """A deployment's key names, in a Redis that may be shared with other programs."""

    stream: str
    hints: str
    proofs: str


def keys_of(table_prefix: str, products_table: str) -> Keys:
    """Key names that are unique to the deployment."""
    deployment = f"stockpulse:{table_prefix}:{products_table}"
    return Keys(f"{deployment}:events", f"{deployment}:hints", f"{deployment}:proofs")


def connect(url: str, timeout: float = READ_TIMEOUT) -> "redis.Redis":
    """A thread-safe client that connects when it is first used; `timeout` is in seconds."""
    kept_alive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=min(CONNECT_TIMEOUT, timeout),
        socket_timeout=timeout,
        **kept_alive,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
        protocol=2,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn the library's errors inside the block into `BrokerUnavailable`.

    Raises:
        BrokerUnavailable: the call failed; Redis may or may not have executed it.

    """
    try:
        yield
    except (redis.RedisError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BrokerUnavailable(
            f"Redis cannot be used ({type(error).__name__}: {reason})."
        ) from None
