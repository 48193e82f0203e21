"""Opens what a process needs to act on rules: its channels, previews, tests and resends."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.notifications.channels.registry import open_channels
from app.notifications.channels.webhook.signing_secret import signing_secret
from app.notifications.desk.preview import Previews
from app.notifications.desk.resending import Resending
from app.notifications.desk.rule_desk import RuleDesk
from app.notifications.desk.trying import RuleTester
from app.notifications.unsubscribe import subscription_of, unsubscribe_url
from app.readmodel.read_model import ReadModel
from app.store.deployment import Deployment
from app.store.store import Store


@contextmanager
def open_rule_desk(
    settings: Settings, deployment: Deployment, store: Store, model: ReadModel
) -> Iterator[RuleDesk]:
    """The desk, until the block ends; opening it makes no call.

    Raises:
        SettingsError: a template of the user's does not render.

    """
    keys = deployment.signer.keys
    with open_channels(settings, deployment) as channels:
        yield RuleDesk(
            channels,
            Previews(
                model,
                store.transitions,
                deployment.names,
                ZoneInfo(settings.timezone),
                settings.notify_per_minute,
            ),
            RuleTester(store.rules, channels),
            Resending(
                store.rules,
                store.deliveries,
                store.timeline,
                store.transitions,
                channels,
                deployment.names,
                partial(unsubscribe_url, settings.public_url, keys),
            ),
            partial(signing_secret, next(iter(keys.values()))),
            partial(subscription_of, keys),
        )
