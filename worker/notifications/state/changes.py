"""What has to be written so that the rows keep what waits. No I/O."""

from dataclasses import dataclass, field

from app.store.notifications.subscriptions import SubscriptionRow
from worker.notifications.state.subscription import Subscription


@dataclass(slots=True)
class Changes:
    """Rows to write and to delete.

    `held`: of rules that cannot be read. `over`: of those that can be again, and `dropped`: of
    subscriptions that are sent nothing more; both are deleted.
    """

    puts: list[tuple[Subscription, SubscriptionRow]] = field(default_factory=list)
    held: list[SubscriptionRow] = field(default_factory=list)
    deletes: list[tuple[Subscription, SubscriptionRow]] = field(default_factory=list)
    dropped: list[SubscriptionRow] = field(default_factory=list)
    over: list[SubscriptionRow] = field(default_factory=list)

    @property
    def written(self) -> list[SubscriptionRow]:
        """The rows to write: of subscriptions, then of rules that cannot be read."""
        return [*(row for _, row in self.puts), *self.held]

    @property
    def deleted(self) -> list[SubscriptionRow]:
        """The rows to delete."""
        return [*self.dropped, *self.over, *(row for _, row in self.deletes)]
