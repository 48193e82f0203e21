"""The subscriptions that have something to send, or a row; none at the head is kept. No I/O."""

from collections.abc import Callable

from app.core.rules.rule import Recipient, Rule, subscription_id
from app.store.notifications.subscriptions import SubscriptionChanged
from worker.notifications.state.subscription import Subscription


class KnownSubscriptions:
    """Subscriptions by their ids, once the rows were read.

    `make`, `knows` and `remove` of one that was dropped or forgotten do no harm.
    """

    def __init__(self, is_singly: Callable[[Recipient], bool]) -> None:
        self._is_singly = is_singly
        self._known: dict[str, Subscription] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the rows were read."""
        return self._known is not None

    @property
    def all(self) -> list[Subscription]:
        """Every subscription that is known."""
        return list((self._known or {}).values())

    def begin(self) -> None:
        """The rows were read: none is known yet."""
        self._known = {}

    def forget(self) -> None:
        """The rows have to be read again."""
        self._known = None

    def knows(self, one: Subscription) -> bool:
        """Whether this is still the subscription."""
        return self._known is not None and self._known.get(one.id) is one

    def make(self, rule: Rule, recipient: Recipient) -> Subscription:
        """The subscription of a rule and a recipient, a new one if need be.

        Raises:
            SubscriptionChanged: the rows have to be read first.

        """
        if self._known is None:
            raise SubscriptionChanged
        identifier = subscription_id(rule.id, recipient.id)
        one = self._known.get(identifier)
        if one is None:
            one = Subscription(rule, recipient, self._is_singly(recipient))
            self._known[identifier] = one
        return one

    def remove(self, one: Subscription) -> None:
        """Forget one subscription."""
        if self._known is not None and self.knows(one):
            del self._known[one.id]

    def remove_idle(self, one: Subscription) -> None:
        """Forget a subscription that has been sent everything."""
        if not (one.running or one.is_behind or one.stored):
            self.remove(one)
