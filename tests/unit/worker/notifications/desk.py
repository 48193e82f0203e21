"""A dispatch over rows in memory, with one rule, and a sender that refuses while it is down."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from app.core.errors import StoreUnavailable
from app.core.rules.rule import Recipient, Rule, UnreadableRule
from app.store.notifications.delivery_log import Delivery, DeliveryLog
from app.store.notifications.subscriptions import (
    SubscriptionChanged,
    SubscriptionRow,
    Subscriptions,
)
from tests.unit.worker.notifications.noticing import ANN, NOW, ZONE, a_rule, entry, steady
from worker.notifications.call_threads import CallThreads
from worker.notifications.dispatch import Dispatch
from worker.notifications.messages.sending import Sender, Sent
from worker.notifications.state.roster import Roster
from worker.notifications.state.rule_book import RuleBook, RuleIndex
from worker.notifications.state.waiting import Waiting
from worker.notifications.stores import Stores


class Rows:
    """The rows in memory, with their versions."""

    def __init__(self) -> None:
        self.rows: dict[str, SubscriptionRow] = {}
        self.down = False

    def all(self) -> list[SubscriptionRow]:
        return list(self.rows.values())

    def save(self, rows: Sequence[SubscriptionRow]) -> list[SubscriptionRow]:
        stored = []
        for row in rows:
            known = self.rows.get(row.id)
            if row.version != (0 if known is None else known.version):
                raise SubscriptionChanged
            stored.append(replace(row, version=row.version + 1))
            self.rows[row.id] = stored[-1]
        return stored

    def delete(self, rows: Sequence[SubscriptionRow]) -> None:
        if self.down:
            raise StoreUnavailable("down")
        for row in rows:
            if row.version and self.rows.pop(row.id).version != row.version:
                raise SubscriptionChanged


class Desk:
    """Rules, rows, and a sender that refuses while it is down."""

    def __init__(self) -> None:
        rule = a_rule()
        self.rules = {rule.id: rule}
        self.index = RuleIndex(self.rules)
        self.rows, self.down, self.now = Rows(), False, NOW
        self.on_send: Callable[[], None] = lambda: None
        self.sent: list[list[str]] = []
        self.lines: list[Delivery] = []
        book, sender = cast("RuleBook", self), cast("Sender", self)
        roster = Roster(book, lambda _: False, steady(), ZONE)
        stores = Stores(cast("Subscriptions", self.rows), cast("DeliveryLog", self))
        self.threads = CallThreads(2, 1)
        self.dispatch = Dispatch(roster, book, stores, sender, self.threads, lambda: self.now)
        self.dispatch.hold()

    def refresh(self) -> bool:
        return False

    def read(self, *unreadable: str) -> None:
        """Read the rules again: those with these ids were written by a newer version."""
        rules = {one: rule for one, rule in self.rules.items() if one not in unreadable}
        self.index = RuleIndex(rules, [UnreadableRule(one) for one in unreadable])
        self.dispatch.forget()

    def matches(self, _notice: Any) -> list[tuple[Rule, Recipient]]:
        return [(rule, ANN) for rule in self.index.rules.values()]

    def find(self, rule_id: str, recipient_id: str) -> tuple[Rule, Recipient] | None:
        rules = self.index.rules
        is_known = rule_id in rules and recipient_id == ANN.id
        return (rules[rule_id], ANN) if is_known else None

    def add(self, lines: Sequence[Delivery]) -> None:
        self.lines += lines

    def send(self, _rule: Rule, _to: Recipient, waiting: Waiting, *_: Any, **__: Any) -> Sent:
        self.on_send()
        if self.down:
            return Sent("not_now", "450")
        self.sent.append([one.notice.id for one in waiting.entries])
        return Sent("delivered", "250")

    def offer(self, *numbers: int) -> None:
        self.dispatch.offer([entry(number) for number in numbers])
