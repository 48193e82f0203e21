"""Where the sink keeps what it has to remember."""

from dataclasses import dataclass

from app.store.notifications.delivery_log import DeliveryLog
from app.store.notifications.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Stores:
    """The rows of subscriptions that are behind, and the log of what was sent."""

    subscriptions: Subscriptions
    log: DeliveryLog
