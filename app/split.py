"""Topologies B and C: a Redis stands between the web processes and whoever reads the stream."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.broker.in_process import InProcessBroker
from app.broker.redis.follower import AWAY, RedisFollower
from app.broker.redis.hints import HintSender
from app.broker.redis.link import READ_TIMEOUT, keys_of
from app.broker.redis.stream import BLOCK, EntryStream
from app.settings import Settings
from app.store.tables import TableNames
from app.web.services import Probe


@contextmanager
def fed_by_redis(
    settings: Settings,
    names: TableNames,
    broker: InProcessBroker,
    probes: dict[str, Probe],
    *,
    timeout: float = READ_TIMEOUT,
    block: float = BLOCK,
    away: float = AWAY,
) -> Iterator[Callable[[], None]]:
    """A web process's side: Redis feeds its broker; yields what to call after each write."""
    if settings.broker_url is None:
        raise ValueError("no broker_url")
    url = settings.broker_url.get_secret_value()
    keys = keys_of(settings.table_prefix, names.products)
    with (
        RedisFollower(
            broker, EntryStream(url, keys.stream, timeout=timeout, block=block), away
        ) as follower,
        HintSender(url, keys.hints) as hints,
    ):
        probes["broker"] = follower.problem
        yield hints.hint
