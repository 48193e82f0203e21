"""A recipient that hangs delays nobody else, and what takes over from a lost worker is not lost."""

import threading
import time

from app.core.rules.rule import Recipient, What
from app.notifications.notice import Message
from app.store.notifications.subscriptions import SubscriptionRow, Subscriptions
from tests.integration.notifications.kit import Desk
from tests.support.waiting import until
from worker.notifications.call_threads import EACH
from worker.notifications.dispatch import WAIT


def test_recipients_that_hang_are_behind_alone(desk: Desk) -> None:
    end, hanging = threading.Event(), []

    def before(recipient: Recipient, _message: Message) -> None:
        if recipient.address == "hangs":
            hanging.append(time.monotonic())
            end.wait(30)

    desk.mail.before = before
    with desk.worker():
        for number in range(30):  # more than there are threads
            desk.rule(What(product_ids=(f"p{number}",)), "hangs")
        desk.rule(What(), "ann")
        started = time.monotonic()
        for number in range(8):
            desk.shop.put(f"p{number}", 1)
        until(lambda: len(desk.mail.notices("ann")) == 8)
        assert time.monotonic() - started < 4 * WAIT
        until(lambda: len(desk.rows()) == 8)
        assert {row.channel for row in desk.rows()} == {"mail"}
        assert len(hanging) <= EACH, "the others wait until the first call has ended"
        end.set()
        until(lambda: len(desk.mail.notices("hangs")) == 8)
        desk.settle()


def test_a_row_that_a_lost_worker_stored_late_is_taken_over(desk: Desk) -> None:
    with desk.worker():
        rule = desk.rule(What(), "ann")
        desk.shop.put("p1", 1)
        until(lambda: desk.mail.notices("ann"))
        place = min(line.at for line in desk.deliveries(rule))
        (recipient,) = rule.recipients
        row = SubscriptionRow(
            id=f"{rule.id}-{recipient.id}",
            rule_id=rule.id,
            recipient_id=recipient.id,
            channel="mail",
            address="ann",
            events=f"{place - 60_000:013d}-00000000-000",
            why="failing",
        )
        Subscriptions(desk.client, desk.shop.names.settings).save([row])
        desk.shop.put("p1", 2)
        until(lambda: len(desk.mail.notices("ann")) == 2)
    with desk.worker():  # the new owner of the lease reads it
        desk.settle()
    assert len(set(desk.mail.notices("ann"))) == 2
