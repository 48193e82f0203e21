"""The settings select the sinks; a sink is closed only after its consumer has ended.

No opener makes a call: a receiver that is down must not stop the start. A sink connects when it
first delivers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from app.config.settings import Settings, SettingsError
from app.store.deployment import Deployment
from app.store.feed.cursor import before
from worker.consumers.files.windows import window_start
from worker.consumers.sink import Sink
from worker.sinks.shaping import shaped

# Opens one kind of sink until its block ends; without one in the settings, the list is empty.
# An opener imports its client library itself: most starts and Lambda functions need none.
Opener = Callable[[Settings, Deployment], AbstractContextManager[Sequence[Sink]]]


@contextmanager
def _webhook(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if settings.webhook_url is None or settings.webhook_secret is None:
        yield []
        return
    from worker.sinks.webhook import webhook

    url, secret = settings.webhook_url, settings.webhook_secret
    table = deployment.tables.products
    with webhook(url.get_secret_value(), secret.get_secret_value(), table) as hook:
        sink = hook.sink(settings.webhook_parallelization_factor)
        yield [shaped(sink, settings.webhook_filter, settings.webhook_attributes, deployment)]


@contextmanager
def _fan_out(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if not (settings.eventbridge_bus or settings.sns_topic or settings.sqs_queue):
        yield []
        return
    from worker.sinks.fan_out.open_targets import open_targets

    with open_targets(settings, deployment) as sinks:
        yield sinks


@contextmanager
def _installed(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if not settings.sinks:
        yield []
        return
    from worker.sinks.entry_points import installed_sinks

    filters, attributes = settings.sink_filters, settings.sink_attributes
    yield [
        shaped(sink, filters.get(sink.name), attributes.get(sink.name), deployment)
        for sink in installed_sinks(settings)
    ]


@contextmanager
def _replica(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if settings.replica_url is None:
        yield []
        return
    from worker.sinks.replica.replica import replica

    with replica(settings, deployment) as sink:
        yield [sink]


@contextmanager
def _archive(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if settings.archive_url is None:
        yield []
        return
    from worker.sinks.archive.archive import Archive, place_of
    from worker.sinks.archive.selections import Selection

    place = place_of(settings.archive_url, settings.archive_endpoint)
    selection = Selection(settings.archive_filter, settings.archive_attributes)
    start = settings.sinks_start
    archive = Archive(place, settings.archive_format, deployment, selection)
    sink = shaped(archive.sink(), settings.archive_filter, None, deployment)
    begin = None if start is None else before(window_start(int(start.timestamp() * 1000)))
    yield [replace(sink, check=partial(archive.check, sink, begin))]


@contextmanager
def _search(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    if settings.search_url is None:
        yield []
        return
    from worker.sinks.search.search_opening import search_sink

    with search_sink(settings.search_url.get_secret_value(), settings, deployment) as sink:
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


OPENERS: Sequence[Opener] = (
    _webhook,
    _notifications,
    _archive,
    _replica,
    _search,
    _fan_out,
    _installed,
)


@contextmanager
def sinks_of(settings: Settings, deployment: Deployment) -> Iterator[list[Sink]]:
    """Open the configured sinks until the block ends.

    Raises:
        SettingsError: a sink of another package cannot be loaded, or a sink's library is not
            installed here, as in the zip of the Lambda function.

    """
    with ExitStack() as opened:
        sinks: list[Sink] = []
        for opener in OPENERS:
            try:
                sinks += opened.enter_context(opener(settings, deployment))
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] in {"app", "worker"}:
                    raise
                raise SettingsError(_missing(error)) from error
        yield sinks


def _missing(error: ModuleNotFoundError) -> str:
    return (
        f"A sink that the settings enable needs the Python package {error.name}, which is not "
        "installed here. Parquet archives, the replica and the search index run in `stockpulse "
        "serve` and `stockpulse worker`, not in the Lambda function."
    )
