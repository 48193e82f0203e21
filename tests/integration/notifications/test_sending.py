"""What rules send, to whom, and when, with a worker over real tables."""

from dataclasses import replace

from app.core.rules.rule import Recipient, What
from app.notifications.channels.channel import MessageRefused, NotNow, RecipientGone
from app.notifications.notice import Message
from tests.integration.notifications.kit import Desk
from tests.support.waiting import until


def test_a_deleted_item_is_told_once_and_the_past_never(desk: Desk) -> None:
    desk.shop.put("before", 1)
    with desk.worker():
        rule = desk.rule(What(kinds=("deleted",)), "ann", name="Deleted items")
        desk.shop.put("p1", 3)
        key = {"ProductID": {"S": "p1"}}
        desk.shop.client.delete_item(TableName=desk.shop.names.products, Key=key)
        desk.shop.wake.hint()
        (message,) = until(lambda: desk.mail.of("ann"))
        (notice,) = message.notices
        assert (notice.kind, notice.product_id, message.id) == ("deleted", "p1", notice.id)
        assert (message.rule_name, message.is_digest) == ("Deleted items", False)
        (line,) = until(lambda: desk.deliveries(rule))
        assert (line.outcome, line.answer, line.message_id) == (
            "delivered",
            "250 accepted",
            notice.id,
        )
    assert desk.rows() == []
    with desk.worker():  # a new process
        everything = desk.rule(What(), "ben")
        desk.shop.put("p3", 1)
        until(lambda: desk.mail.of("ben"))
    assert [one.product_id for message in desk.mail.of("ben") for one in message.notices] == ["p3"]
    assert len(desk.mail.of("ann")) == 1
    assert until(lambda: desk.deliveries(everything))


def test_a_recipient_that_is_down_is_behind_alone_and_gets_one_digest(desk: Desk) -> None:
    down = True

    def before(recipient: Recipient, _message: Message) -> None:
        if recipient.address == "ann" and down:
            raise NotNow("451 try again later")

    desk.mail.before = before
    with desk.worker():
        rule = desk.rule(What(), "ann", "ben")
        for number in range(5):
            desk.shop.put(f"p{number}", 1)
            until(lambda n=number: len(desk.mail.of("ben")) == n + 1)
        (row,) = until(desk.rows)
        assert (row.why, row.error, row.is_lag) == ("failing", "451 try again later", True)
        down = False
        (digest,) = until(lambda: desk.mail.of("ann"))
        assert digest.is_digest
        assert [one.product_id for one in digest.notices] == [f"p{n}" for n in range(5)]
        desk.settle()
        desk.shop.put("p9", 1)
        single = until(lambda: desk.mail.of("ann")[1:])[0]
        assert not single.is_digest
    outcomes = [line.outcome for line in desk.deliveries(rule) if line.address == "ann"]
    assert outcomes[0] == "delivered"
    assert "failed" in outcomes


def test_a_program_that_was_down_gets_each_change_once_and_in_order(desk: Desk) -> None:
    down = True

    def before(_recipient: Recipient, _message: Message) -> None:
        if down:
            raise NotNow("503 Service Unavailable", retry_after=1.0)

    desk.hook.before = before
    with desk.worker():
        desk.rule(What(), "https://shop.example", channel="hook")
        desk.shop.put("p1", *range(260))  # more than are kept in memory
        until(lambda: any(row.waiting > 90 for row in desk.rows()))
        down = False
        until(lambda: len(desk.hook.got) >= 260)
        desk.settle()
    stocks = [message.notices[0].stock for _, message in desk.hook.got]
    assert stocks == list(range(260))
    assert not any(message.is_digest for _, message in desk.hook.got)


def test_a_burst_is_ten_messages_and_a_digest_that_counts_the_rest(desk: Desk) -> None:
    with desk.worker():
        desk.rule(What(), "ann")
        desk.shop.put("p1", *range(200))
        (row,) = until(lambda: [one for one in desk.rows() if one.waiting >= 100])
        assert (row.why, row.is_lag) == ("capped", False)
        assert len(desk.mail.of("ann")) == 10
    assert [one.notices[0].stock for one in desk.mail.of("ann")] == list(range(10))


def test_a_refused_message_holds_up_no_other_one(desk: Desk) -> None:
    def before(_recipient: Recipient, message: Message) -> None:
        if message.notices[0].product_id == "bad":
            raise MessageRefused("422 no such product")

    desk.hook.before = before
    with desk.worker():
        rule = desk.rule(What(), "program", channel="hook")
        for product_id in ("p1", "bad", "p2"):
            desk.shop.put(product_id, 1)
        until(lambda: len(desk.hook.got) == 2)
        until(lambda: [line.outcome for line in desk.deliveries(rule)].count("rejected") == 1)
        desk.settle()


def test_a_recipient_that_is_gone_is_disabled_and_told_of_once(desk: Desk) -> None:
    def before(recipient: Recipient, _message: Message) -> None:
        if recipient.address == "gone":
            raise RecipientGone("550 no such mailbox")

    desk.mail.before = before
    with desk.worker():
        desk.rule(What(trouble=True), "admin")
        rule = desk.rule(What(kinds=("inserted",)), "gone", "ben")
        desk.shop.put("p1", 1)
        until(lambda: desk.rules.get(rule.id).disabled)
        (told,) = until(lambda: desk.mail.of("admin"))
        assert "does not send to mail gone any more: 550 no such mailbox" in told.notices[0].text
        desk.shop.put("p2", 1)
        until(lambda: len(desk.mail.of("ben")) == 2)
        desk.settle()
        assert len(desk.mail.of("admin")) == 1
        recipient = rule.recipients[0].id
        desk.rules.enable(rule.id, recipient, "ann")
        desk.mail.before = lambda _recipient, _message: None
        desk.shop.put("p3", 1)
        until(lambda: desk.mail.of("gone"))
    assert [one.notices[0].product_id for one in desk.mail.of("gone")] == ["p3"]


def test_what_waits_survives_a_restart_and_an_edit_applies_from_the_next_event(desk: Desk) -> None:
    down = True

    def before(_recipient: Recipient, _message: Message) -> None:
        if down:
            raise NotNow("451 try again later")

    desk.mail.before = desk.hook.before = before
    with desk.worker():
        rule = desk.rule(What(kinds=("inserted",)), "ann")
        desk.rule(What(kinds=("inserted",)), "program", channel="hook")
        for product_id in ("p1", "p2", "p3"):
            desk.shop.put(product_id, 1)
        until(lambda: sum(row.waiting for row in desk.rows()) >= 2)
    desk.rules.change(replace(rule, what=What(kinds=("deleted",))), "ann")
    down = False
    with desk.worker():
        desk.shop.put("p4", 1)
        until(lambda: len(desk.hook.got) == 4)
        (digest,) = until(lambda: desk.mail.of("ann"))
        assert [one.product_id for one in digest.notices] == ["p1", "p2", "p3"]
        desk.settle()
    assert [message.notices[0].product_id for _, message in desk.hook.got] == [
        "p1",
        "p2",
        "p3",
        "p4",
    ]


def test_a_rule_that_is_turned_off_sends_nothing_that_waits(desk: Desk) -> None:
    def before(_recipient: Recipient, _message: Message) -> None:
        raise NotNow("451 try again later")

    desk.mail.before = before
    with desk.worker():
        rule = desk.rule(What(), "ann")
        desk.shop.put("p1", 1)
        until(desk.rows)
        desk.rules.change(replace(rule, enabled=False), "ann")
        desk.shop.put("p2", 1)  # with it, the worker reads the rules
        until(lambda: not desk.rows())
        until(lambda: desk.deliveries(rule)[0].outcome == "dropped")
    assert desk.mail.got == []
