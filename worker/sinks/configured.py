"""The settings select the sinks; a sink is closed only after its consumer has ended."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.filters.document import wants
from app.filters.pattern import parse_filter
from app.store.deployment import Deployment
from worker.consumers.sink import Sink

# Opens one kind of sink until its block ends; without one in the settings, the list is empty.
# An opener imports its client library itself: most starts and Lambda functions need none.
Opener = Callable[[Settings, Deployment], AbstractContextManager[Sequence[Sink]]]


@contextmanager
def _webhook(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if settings.webhook_url is None or settings.webhook_secret is None:
        yield []
        return
    from worker.sinks.webhook import webhook

    table = deployment.tables.products
    url, secret = settings.webhook_url, settings.webhook_secret
    with webhook(url.get_secret_value(), secret.get_secret_value(), table) as hook:
        sink = hook.sink(settings.webhook_parallelization_factor)
        if settings.webhook_filter is not None:
            pattern = parse_filter(settings.webhook_filter)
            sink = replace(sink, wants=wants(pattern, table, deployment.names.key))
        yield [sink]


@contextmanager
def _notifications(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    from app.notifications.channels.registry import open_channels
    from app.notifications.unsubscribe import unsubscribe_url
    from worker.notifications.opened import notifications
    from worker.notifications.state.rates import Rates

    keys = deployment.signer.keys
    with (
        open_channels(settings, deployment) as channels,
        notifications(
            deployment,
            channels,
            ZoneInfo(settings.timezone),
            partial(unsubscribe_url, settings.public_url, keys),
            settings.feed_partitions,
            Rates(settings.notify_per_minute),
        ) as sink,
    ):
        yield [sink]


OPENERS: Sequence[Opener] = (_webhook, _notifications)


@contextmanager
def sinks_of(settings: Settings, deployment: Deployment) -> Iterator[list[Sink]]:
    """Open the configured sinks until the block ends."""
    with ExitStack() as opened:
        yield [
            sink
            for opener in OPENERS
            for sink in opened.enter_context(opener(settings, deployment))
        ]
