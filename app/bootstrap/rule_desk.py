"""Opens what a process needs to act on rules: its channels, previews, tests and resends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from zoneinfo import ZoneInfo

from app.config.settings import Settings
from app.notifications.channels.registry import open_channels
from app.notifications.channels.webhook.signing_secret import signing_secret
from app.notifications.desk.operator_webhook import OperatorWebhook
from app.notifications.desk.preview import Previews
from app.notifications.desk.resending import Resending
from app.notifications.desk.rule_desk import RuleDesk
from app.notifications.desk.trying import RuleTester, TrialStores
from app.notifications.unsubscribe import subscription_of, unsubscribe_url
from app.readmodel.read_model import ReadModel
from app.store.deployment import Deployment
from app.store.sinks.sink_status import SinkStatuses
from app.store.store import Store


@contextmanager
def open_rule_desk(
    settings: Settings,
    deployment: Deployment,
    store: Store,
    model: ReadModel,
    send_test: Callable[[str, str], str],
) -> Iterator[RuleDesk]:
    """The desk, until the block ends; opening it makes no call.

    `send_test`: sends a test through a sink (first), for an actor.

    Raises:
        SettingsError: a template of the user's does not render.

    """
    keys = deployment.signer.keys
    operator = operator_webhook(settings, store.sinks, send_test)
    trials = TrialStores(store.rules, store.deliveries, store.rule_tests)
    with open_channels(settings, deployment) as channels:
        yield RuleDesk(
            channels,
            Previews(
                model,
                store.transitions,
                store.troubles,
                deployment.names,
                ZoneInfo(settings.timezone),
                settings.notify_per_minute,
            ),
            RuleTester(trials, channels, operator),
            Resending(
                store.rules,
                store.deliveries,
                store.timeline,
                store.transitions,
                channels,
                deployment.names,
                partial(unsubscribe_url, settings.public_url, keys),
            ),
            operator,
            partial(signing_secret, next(iter(keys.values()))),
            partial(subscription_of, keys),
        )


def operator_webhook(
    settings: Settings, sinks: SinkStatuses, send_test: Callable[[str, str], str]
) -> OperatorWebhook:
    """The webhook of the settings, as a rule."""
    url = settings.webhook_url
    return OperatorWebhook(
        None if url is None else url.get_secret_value(), settings.webhook_filter, sinks, send_test
    )
