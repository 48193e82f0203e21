"""All that a web process or a command needs to act on rules, as one object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.core.rules.rule import Recipient
from app.notifications.channels.channel import Channel
from app.notifications.desk.operator_webhook import OperatorWebhook
from app.notifications.desk.preview import Previews
from app.notifications.desk.resending import Resending
from app.notifications.desk.trying import RuleTester


@dataclass(frozen=True, slots=True)
class RuleDesk:
    """The channels of this process, and what they are used for besides the worker's deliveries.

    `operator`: the webhook of the settings. `secret`: the present signing secret of a rule (by its
    id) for a webhook's recipient. `subscription_of`: the rule and
    the recipient that a link to unsubscribe names, by ids; None if the link is not ours.
    """

    channels: Mapping[str, Channel]
    previews: Previews
    test: RuleTester
    resend: Resending
    operator: OperatorWebhook
    secret: Callable[[str, Recipient], str]
    subscription_of: Callable[[str], tuple[str, str] | None]
