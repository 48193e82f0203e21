"""The channels of this process: built-in ones that its settings allow, and those of entry points.

A channel of one's own is an object with a `name`, `checked` and `send`
(`app.notifications.channels.channel.Channel`), made by a function without arguments that an
installed package offers as an entry point of the group `stockpulse.channels`.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from app.config.settings import Settings
from app.notifications.channels.channel import Channel
from app.notifications.secrets import Secrets, secrets_of
from app.notifications.texts.templates import Texts, texts_of
from app.store.deployment import Deployment
from app.store.notifications.inbox import Inbox

GROUP = "stockpulse.channels"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel is made from."""

    settings: Settings
    deployment: Deployment
    secrets: Secrets
    texts: Texts


# Opens one channel until its block ends; None: the settings do not ask for it. An opener imports
# its client library itself: most processes send nothing.
Opener = Callable[[Surroundings], AbstractContextManager[Channel | None]]


def _email(given: Surroundings) -> AbstractContextManager[Channel | None]:
    from app.notifications.channels.mail.email_channel import email_channel

    return nullcontext(email_channel(given.settings, given.texts))


def _webhook(given: Surroundings) -> AbstractContextManager[Channel | None]:
    from app.notifications.channels.webhook.webhook_channel import webhook_channel

    return webhook_channel(given.settings, given.deployment, given.secrets)


def _sns(given: Surroundings) -> AbstractContextManager[Channel | None]:
    from app.notifications.channels.sns import SNSChannel

    table = given.deployment.tables.products
    return nullcontext(SNSChannel(given.settings.sns_endpoint, given.texts, table))


def _apprise(given: Surroundings) -> AbstractContextManager[Channel | None]:
    if find_spec("apprise") is None:  # a Lambda function has none
        return nullcontext(None)
    from app.notifications.channels.apprise.apprise_channel import apprise_channel

    return apprise_channel(given.settings, given.secrets, given.texts)


def _browser(given: Surroundings) -> AbstractContextManager[Channel | None]:
    from app.notifications.channels.browser import BrowserChannel

    deployment = given.deployment
    inbox = Inbox(deployment.clients.tables, deployment.tables.settings)
    return nullcontext(BrowserChannel(inbox))


OPENERS: Sequence[Opener] = (_browser, _email, _sns, _webhook, _apprise)


@contextmanager
def open_channels(settings: Settings, deployment: Deployment) -> Iterator[Mapping[str, Channel]]:
    """The channels by their names, until the block ends. Opening them makes no call.

    Raises:
        SettingsError: a template of the user's does not render.

    """
    given = Surroundings(settings, deployment, secrets_of(settings), texts_of(settings))
    with ExitStack() as opened:
        found = [opened.enter_context(opener(given)) for opener in OPENERS]
        channels = {channel.name: channel for channel in found if channel is not None}
        yield channels | _of_entry_points(channels)


def label_of(channel: Channel) -> str:
    """What people call the channel: its `label`, if it has one."""
    return str(getattr(channel, "label", channel.name))


def placeholder_of(channel: Channel) -> str:
    """An address as an example, for a form; "" if the channel gives none."""
    return str(getattr(channel, "placeholder", ""))


def _of_entry_points(taken: Mapping[str, Channel]) -> dict[str, Channel]:
    """The channels of installed packages; one that fails is logged, and its rules are broken."""
    channels: dict[str, Channel] = {}
    for point in _points(tuple(sys.path)):
        if point.name in taken:
            _log.error("the channel %s of %s is built in: rename it", point.name, point.value)
            continue
        try:
            channel: Channel = point.load()()
            if channel.name != point.name:
                raise ValueError(f"its name is {channel.name!r}, not {point.name!r}")  # noqa: TRY301
        except Exception:  # noqa: BLE001 - other people's code
            _log.exception("the channel %s (%s) cannot be used", point.name, point.value)
            continue
        channels[point.name] = channel
    return channels


@cache
def _points(_path: tuple[str, ...]) -> Sequence[EntryPoint]:
    """The entry points on this path; finding them reads a file of each installed package."""
    return tuple(entry_points(group=GROUP))
