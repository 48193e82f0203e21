"""The settings name the bus, the topic and the queue; each is a sink with a cursor of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from app.config.settings import Settings
from app.store.deployment import Deployment
from worker.consumers.sink import Sink
from worker.sinks.fan_out.fan_out_sink import FanOut, connect
from worker.sinks.fan_out.message import Form
from worker.sinks.fan_out.targets import Target, bus, queue, topic
from worker.sinks.shaping import shaped


@contextmanager
def open_targets(settings: Settings, deployment: Deployment) -> Iterator[Sequence[Sink]]:
    """Open the sinks that the settings name until the block ends; nothing is called yet."""
    form = Form(
        deployment.tables.products,
        settings.cloudevents_mode,
        f"{settings.public_url or settings.base_path}/v1/events",
    )
    with ExitStack() as opened:
        sinks = []
        for target, wanted, attributes in _targets(settings):
            fan_out = FanOut(target, form, partial(connect, settings.fan_out_endpoint))
            opened.callback(fan_out.close)
            sinks.append(shaped(fan_out.sink(), wanted, attributes, deployment))
        yield sinks


def _targets(
    settings: Settings,
) -> Iterator[tuple[Target, str | None, Sequence[str] | None]]:
    """Each target with its filter and the attributes that it receives."""
    if (found := settings.eventbridge_bus) is not None:
        yield bus(found), settings.eventbridge_filter, settings.eventbridge_attributes
    if (found := settings.sns_topic) is not None:
        yield topic(found), settings.sns_filter, settings.sns_attributes
    if (found := settings.sqs_queue) is not None:
        yield queue(found), settings.sqs_filter, settings.sqs_attributes
