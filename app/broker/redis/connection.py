"""Every call to Redis is bounded in time and tried once; its errors become one of ours.

Who calls decides about trying again. The URL can hold a password: no message carries it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.errors import Unavailable

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 5.0  # seconds


class BrokerUnavailable(Unavailable):
    """Redis cannot be reached, does not answer in time, or refuses the call."""

    code = "broker-unavailable"
    title = "The broker is not available"


@dataclass(frozen=True, slots=True)
class Keys:
    """A deployment's names in a Redis that others may use too."""

    stream: str
    hints: str


def keys_of(table_prefix: str, products_table: str) -> Keys:
    """Names made of what tells deployments apart."""
    deployment = f"stockpulse:{table_prefix}:{products_table}"
    return Keys(f"{deployment}:events", f"{deployment}:hints")


def connect(url: str, timeout: float = READ_TIMEOUT) -> "redis.Redis":
    """A client, safe to share between threads, that connects when it is first used."""
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
        BrokerUnavailable: whatever it was; the call may or may not have been carried out.

    """
    try:
        yield
    except (redis.RedisError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BrokerUnavailable(
            f"Redis cannot be used ({type(error).__name__}: {reason})."
        ) from None
