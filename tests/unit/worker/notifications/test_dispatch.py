"""What is offered is sent, or stored as waiting, before `offer` returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from app.core.errors import StoreUnavailable
from app.core.rules.rule import Recipient, Rule
from app.store.notifications.delivery_log import Delivery, DeliveryLog
from app.store.notifications.subscriptions import (
    SubscriptionChanged,
    SubscriptionRow,
    Subscriptions,
)
from tests.support.waiting import until
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

    def matches(self, _notice: Any) -> list[tuple[Rule, Recipient]]:
        return [(rule, ANN) for rule in self.rules.values()]

    def find(self, rule_id: str, _recipient_id: str) -> tuple[Rule, Recipient] | None:
        return (self.rules[rule_id], ANN) if rule_id in self.rules else None

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


@pytest.fixture
def desk() -> Any:
    desk = Desk()
    yield desk
    desk.threads.end()


def test_what_was_sent_leaves_no_row_and_what_was_not_has_one_at_once(desk: Desk) -> None:
    desk.offer(1, 2)
    assert (desk.sent, desk.rows.rows) == ([["n1"], ["n2"]], {})
    desk.down = True
    desk.offer(3)
    (row,) = desk.rows.all()
    assert (row.events, row.why, row.version) == (entry(3).place, "failing", 1)


def test_a_row_of_another_worker_is_read_before_the_notice_is_offered_again(desk: Desk) -> None:
    desk.down = True
    desk.offer(1)
    desk.rows.rows = {one: replace(row, version=7) for one, row in desk.rows.rows.items()}
    with pytest.raises(SubscriptionChanged):
        desk.offer(0)  # its place is before the row's
    desk.offer(0)
    (row,) = desk.rows.all()
    assert (row.events, row.version) == (entry(0).place, 8)


def test_notices_that_were_forgotten_meanwhile_are_offered_again(desk: Desk) -> None:
    """The rows were read again while the first call ran, so nobody knows that notice any more."""

    def forget() -> None:
        desk.dispatch.forget()
        desk.dispatch.load()
        desk.on_send = lambda: None

    desk.down, desk.on_send = True, forget
    with pytest.raises(SubscriptionChanged):
        desk.offer(1)
    assert desk.rows.rows == {}
    desk.offer(1)
    (row,) = desk.rows.all()
    assert row.events == entry(1).place


def test_a_row_that_could_not_be_deleted_is_deleted_later(desk: Desk) -> None:
    desk.down = True
    desk.offer(1)
    desk.down, desk.now = False, desk.now + 6
    desk.rows.down = True
    desk.dispatch.begin_due()
    until(lambda: not desk.dispatch.rows())
    with pytest.raises(StoreUnavailable):
        desk.dispatch.flush()
    desk.rows.down = False
    desk.dispatch.flush()
    assert desk.rows.rows == {}


def test_nothing_is_sent_while_the_lease_is_not_held(desk: Desk) -> None:
    desk.now += 3600
    desk.offer(1)
    assert desk.sent == []
    (row,) = desk.rows.all()
    assert row.events == entry(1).place


def test_a_rule_that_is_gone_leaves_no_row(desk: Desk) -> None:
    desk.down = True
    desk.offer(1)
    desk.rules.clear()
    desk.dispatch.follow_rules()
    desk.dispatch.flush()
    assert desk.rows.rows == {}
