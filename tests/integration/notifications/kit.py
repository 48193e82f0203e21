"""A worker that sends notifications over real tables, to mailboxes of the test."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from app.config.signing import signer_of
from app.core.rules.rule import Recipient, Rule, What, When
from app.notifications.notice import Message
from app.store.deployment import Deployment
from app.store.dynamodb.client import connect
from app.store.notifications.delivery_log import Delivery, DeliveryLog
from app.store.notifications.rules import RuleRepository
from app.store.notifications.subscriptions import SubscriptionRow, Subscriptions
from tests.integration.consumers.kit import Shop
from tests.support.waiting import until
from worker.consumers.sink import Sink
from worker.notifications.opened import notifications
from worker.notifications.state.rates import Rates
from worker.sinks import configured

UTC = ZoneInfo("UTC")


@dataclass
class Mailbox:
    """A channel that keeps what it is sent, after calling `before` for each message."""

    name: str = "mail"
    singly: bool = False
    before: Callable[[Recipient, Message], None] = lambda _recipient, _message: None
    got: list[tuple[str, Message]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def checked(self, address: str) -> str:
        return address

    def send(self, recipient: Recipient, message: Message) -> str:
        self.before(recipient, message)
        with self.lock:
            self.got.append((recipient.address, message))
        return "250 accepted"

    def of(self, address: str) -> list[Message]:
        """The messages to one address, in order."""
        with self.lock:
            return [message for to, message in self.got if to == address]

    def notices(self, address: str) -> list[str]:
        """The ids of all notices that were told to one address, in order."""
        return [notice.id for message in self.of(address) for notice in message.notices]


class Desk:
    """The rules of a shop, its worker, and the mailboxes `mail` and `hook` (a program's)."""

    def __init__(self, shop: Shop, client: Any = None) -> None:
        self.shop = shop
        self.mail, self.hook = Mailbox(), Mailbox("hook", singly=True)
        clients = connect(shop.settings.dynamodb)
        self.deployment = Deployment(
            clients, shop.names, shop.settings.attributes, signer_of(shop.settings)
        )
        self.client = clients.tables
        self.rules = RuleRepository(self.client, shop.names.settings, shop.log)
        self.log = DeliveryLog(self.client, shop.names.settings)

    @contextmanager
    def sink(
        self, deployment: Deployment | None = None, cap: int = 10, boxes: Sequence[Mailbox] = ()
    ) -> Iterator[Sink]:
        """The sink, as a process has it; failed calls are repeated after a tenth of a second."""
        channels = {one.name: one for one in boxes or (self.mail, self.hook)}
        rates = Rates(cap, jitter=lambda: 0.02)
        with notifications(deployment or self.deployment, channels, UTC, rates=rates) as sink:
            yield sink

    @contextmanager
    def worker(self, **changes: Any) -> Iterator[None]:
        """A worker with the sink, until the block ends."""
        with self.sink(**changes) as sink, self.writer(sink):
            yield

    @contextmanager
    def writer(self, *sinks: Sink) -> Iterator[None]:
        """A worker without the sinks of the settings."""
        with patch.object(configured, "OPENERS", ()), self.shop.worker(*sinks):
            until(self._is_scanned)  # from then on, events open alerts
            yield

    def _is_scanned(self) -> bool:
        names = self.shop.names
        key = {"Kind": {"S": "alert-scan"}, "ID": {"S": names.products}}
        return "Done" in self.client.get_item(TableName=names.settings, Key=key).get("Item", {})

    def rule(self, what: What, *addresses: str, channel: str = "mail", **fields: Any) -> Rule:
        """A stored rule."""
        recipients = tuple(Recipient(channel, address) for address in addresses)
        when = fields.pop("when", When())
        given = Rule("", fields.pop("name", "A rule"), what, recipients, when, **fields)
        return self.rules.create(given, "ann")

    def rows(self) -> list[SubscriptionRow]:
        """The subscriptions that are behind."""
        return Subscriptions(self.client, self.shop.names.settings).all()

    def deliveries(self, rule: Rule) -> list[Delivery]:
        """The newest deliveries of a rule."""
        return self.log.of_rule(rule.id, 100).items

    def settle(self) -> None:
        """Wait until the sink has read everything, and nothing waits."""
        until(lambda: not self.rows())
