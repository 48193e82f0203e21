"""What is offered is sent, or stored as waiting, before `offer` returns."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.store.notifications.subscriptions import (
    SubscriptionChanged,
)
from tests.support.waiting import until
from tests.unit.worker.notifications.desk import Desk
from tests.unit.worker.notifications.noticing import entry


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
