"""A rule with how it is doing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.rules.rule import OPERATOR, Rule
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionRow


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule, its subscriptions for which something waits, and its last deliveries.

    `last`: the newest one that succeeded, and the newest that did not, where there are any.
    `filter`: the pattern that events of the webhook of the settings match; None: there is none.
    """

    rule: Rule
    waiting: Sequence[SubscriptionRow] = ()
    last: Sequence[Delivery] = ()
    filter: str | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether the settings make it."""
        return self.rule.id == OPERATOR
