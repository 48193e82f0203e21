"""What the process knows of itself, read from its parts at each look; nothing here blocks."""

from collections.abc import Callable, Mapping, Sequence

from app.broker.in_process import InProcessBroker
from app.store.coordination.shard_state import ShardState
from app.web.system.state import Live


def live_of(
    probes: Mapping[str, Callable[[], str | None]],
    shards: Callable[[], Sequence[ShardState]] | None,
    broker: InProcessBroker,
    *,
    kind: str,
    store: str,
) -> Callable[[], Live]:
    """A look; `shards` is None where the worker is another process, `kind` the broker's."""

    def look() -> Live:
        return Live(
            parts={name: probe() or "ok" for name, probe in probes.items()},
            shards=None if shards is None else shards(),
            broker=kind,
            subscribers=broker.subscribers,
            held=broker.held,
            overruns=broker.overruns,
            store=store,
        )

    return look
