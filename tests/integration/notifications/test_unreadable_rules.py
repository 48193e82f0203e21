"""While versions are exchanged, a rule that only the newer one can read waits and loses nothing."""

import json

from app.core.rules.rule import Recipient, Rule, What
from app.notifications.channels.channel import NotNow
from app.notifications.notice import Message
from app.store.notifications.rule_rows import count_key, rule_key
from tests.integration.notifications.kit import Desk
from tests.support.waiting import until


def rewrite(desk: Desk, rule: Rule, *, newer: bool) -> None:
    """Store the rule as a newer version would, with a field that is not known here; or without."""
    settings = desk.shop.names.settings
    row = desk.client.get_item(TableName=settings, Key=rule_key(rule.id))["Item"]
    document = json.loads(row["Rule"]["S"])
    document["what"].pop("weather", None)
    document["what"] |= {"weather": "rain"} if newer else {}
    desk.client.put_item(TableName=settings, Item=row | {"Rule": {"S": json.dumps(document)}})
    desk.client.update_item(
        TableName=settings,
        Key=count_key(),
        UpdateExpression="ADD Writes :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def told(desk: Desk, address: str) -> list[str]:
    return [one.product_id for message in desk.mail.of(address) for one in message.notices]


def test_a_rule_of_a_newer_version_waits_and_the_others_do_not(desk: Desk) -> None:
    down = True

    def before(recipient: Recipient, _message: Message) -> None:
        if down and recipient.address == "ann":
            raise NotNow("451 try again later")

    with desk.worker():
        rule, other = desk.rule(What(), "ann", name="Rain"), desk.rule(What(trouble=True), "ben")
        desk.shop.put("p0", 1)
        until(lambda: told(desk, "ann") == ["p0"])
        desk.mail.before = before
        desk.shop.put("p1", 1)
        until(desk.rows)  # ann's
        rewrite(desk, rule, newer=True)
        for name in ("p2", "p3"):
            desk.shop.put(name, 1)
        until(lambda: len(desk.rows()) == 2)  # ann's as it was, and the rule's
        down = False
        until(lambda: any("newer version" in one.notices[0].text for one in desk.mail.of("ben")))
    assert told(desk, "ann") == ["p0"]
    assert len(desk.rows()) == 2, "a restart drops nothing"
    with desk.worker():
        desk.shop.put("p4", 1)
        quick = desk.rule(What(kinds=("inserted",)), "cay")
        desk.shop.put("p5", 1)
        until(lambda: told(desk, "cay"))
        assert told(desk, "ann") == ["p0"]
        rewrite(desk, rule, newer=False)
        desk.shop.put("p6", 1)  # a worker without events looks at the rules every 15 s only
        until(lambda: told(desk, "ann")[-1] == "p6")
        desk.settle()
        desk.shop.put("p7", 1)
        until(lambda: told(desk, "ann")[-1] == "p7")
    assert told(desk, "ann") == [f"p{number}" for number in range(8)], "each once, in order"
    assert [line for line in desk.deliveries(rule) if line.outcome == "dropped"] == []
    assert {one.id for one in desk.rules.all()} == {rule.id, other.id, quick.id}
