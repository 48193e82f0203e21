"""Low, out and back in stock are told as the alerts change; what recovered is left out."""

from app.core.rules.rule import Recipient, What
from app.notifications.channels.channel import NotNow
from app.notifications.notice import Message
from app.store.alerts.alert import alert_id
from app.store.alerts.alert_control import AlertControl
from tests.integration.notifications.kit import Desk, Mailbox
from tests.support.waiting import until


def put(desk: Desk, product_id: str, stock: int, category: str = "Tea") -> None:
    item = {
        "ProductID": {"S": product_id},
        "Stock": {"N": str(stock)},
        "ReorderPoint": {"N": "5"},
        "Category": {"S": category},
    }
    desk.shop.client.put_item(TableName=desk.shop.names.products, Item=item)
    desk.shop.wake.hint()


def kinds(box: Mailbox, address: str) -> list[tuple[str, str]]:
    return [(one.kind, one.product_id) for each in box.of(address) for one in each.notices]


def test_alerts_are_told_once_and_what_people_do_about_them_is_not(desk: Desk) -> None:
    with desk.worker():
        desk.rule(What(alerts=("low", "out", "back_in_stock"), categories=("Tea",)), "ann")
        put(desk, "a1", 50)
        put(desk, "other", 3, category="Coffee")
        put(desk, "a1", 4)
        until(lambda: kinds(desk.mail, "ann") == [("low", "a1")])
        control = AlertControl(desk.client, desk.shop.names.settings, desk.shop.log)
        low = control.get("a1").alerts["low"]
        control.acknowledge([alert_id("a1", low)], "ann")
        put(desk, "a1", 0)
        until(lambda: kinds(desk.mail, "ann")[1:] == [("out", "a1")])
        put(desk, "a1", 70)
        until(lambda: kinds(desk.mail, "ann")[2:] == [("back_in_stock", "a1")])
    with desk.worker():  # the logs are read from where they were left
        put(desk, "a2", 1)
        until(lambda: kinds(desk.mail, "ann")[3:] == [("low", "a2")])


def test_a_digest_leaves_out_what_recovered_and_states_the_current_stock(desk: Desk) -> None:
    down = True

    def before(_recipient: Recipient, _message: Message) -> None:
        if down:
            raise NotNow("450 greylisted", retry_after=1.0)

    desk.mail.before = before
    with desk.worker():
        desk.rule(What(alerts=("out", "back_in_stock")), "ann")
        put(desk, "a1", 50)
        for stock in (0, 40):
            put(desk, "a1", stock)
        put(desk, "a2", 0)
        until(lambda: any(row.waiting >= 3 for row in desk.rows()))
        put(desk, "a1", 33)
        down = False
        (digest,) = until(lambda: desk.mail.of("ann"))
        told = [(one.kind, one.product_id, one.stock) for one in digest.notices]
        assert told == [("back_in_stock", "a1", 33), ("out", "a2", 0)]
        desk.settle()
