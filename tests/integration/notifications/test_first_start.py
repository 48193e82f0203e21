"""The sink's first start: it tells what came since the rules were made, and nothing of before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core import json_text
from app.core.rules.rule import What
from app.core.rules.rule_document import encoded
from app.store.dynamodb.store_clock import StoreClock
from app.store.feed.arrival_clock import arrival_clock
from app.store.feed.feed import Feed
from app.store.notifications.rules import RuleRepository
from tests.integration.notifications.kit import Desk
from tests.support.waiting import until
from worker.notifications.notifier import NAME


def arrived(desk: Desk, count: int) -> None:
    """Wait until the log has this many rows."""
    feed = Feed(desk.client, desk.shop.names.feed)
    until(lambda: len(list(feed.since(0))) >= count)


def told(desk: Desk, address: str) -> list[str]:
    return [one.product_id for message in desk.mail.of(address) for one in message.notices]


def test_events_between_a_rule_and_the_first_start_are_told_and_those_before_are_not(
    desk: Desk,
) -> None:
    with desk.writer():  # a worker of a version without notifications, or with other sinks
        desk.shop.put("before", 1)
        arrived(desk, 1)
        desk.rule(What(), "ann")
        desk.shop.put("between", 1)
        arrived(desk, 2)
        paused = desk.rule(What(), "ben")
        desk.rules.change(replace(paused, enabled=False), "ann")
        late = desk.rule(What(), "cat")
    with desk.worker():
        until(lambda: "between" in told(desk, "ann"))
        desk.shop.put("after", 1)
        until(lambda: told(desk, "cat") == ["after"])
        until(lambda: told(desk, "ann") == ["between", "after"])
    assert told(desk, "ben") == []
    with desk.worker():  # its cursor is saved: nothing is told twice
        desk.rules.delete(late.id, None, "ann")
        desk.shop.put("again", 1)
        until(lambda: told(desk, "ann") == ["between", "after", "again"])


def test_a_first_start_without_rules_begins_at_the_end_of_the_log(desk: Desk) -> None:
    with desk.writer():
        desk.shop.put("before", 1, 2, 3)
        arrived(desk, 3)
    newest = Feed(desk.client, desk.shop.names.feed).newest_ms()
    with desk.worker():
        cursor = desk.shop.row(NAME).cursor
    assert cursor is not None
    assert cursor.ms >= newest


def test_a_rule_of_a_newer_version_keeps_its_events_from_its_making_on(desk: Desk) -> None:
    table, key = desk.shop.names.settings, "Rule"
    with desk.writer():
        rule = desk.rule(What(), "ann")
        desk.shop.put("between", 1)
        arrived(desk, 1)
    row = {"Kind": {"S": "rule"}, "ID": {"S": rule.id}}
    for document in (encoded(rule) | {"from_the_future": 1}, encoded(rule)):
        desk.client.update_item(
            TableName=table,
            Key=row,
            UpdateExpression="SET #rule = :rule",
            ExpressionAttributeNames={"#rule": key},
            ExpressionAttributeValues={":rule": {"S": json_text.dumps(document).decode()}},
        )
        with desk.worker():
            if "from_the_future" in document:
                until(lambda: [one.recipient_id for one in desk.rows()] == ["held"])
                assert desk.mail.got == []
            else:
                until(lambda: told(desk, "ann") == ["between"])


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_server_whose_clock_is_wrong_makes_rules_that_miss_nothing(
    desk: Desk, hours: int
) -> None:
    clock = StoreClock(desk.client, lambda: datetime.now(UTC) + timedelta(hours=hours))
    desk.rows()  # an answer of the store says what time it is
    desk.rules = RuleRepository(
        desk.client,
        desk.shop.names.settings,
        desk.shop.log,
        arrivals=arrival_clock(clock.now, elsewhere=True),
        store_now=clock.now,
    )
    rule = desk.rule(What(), "ann")
    made = datetime.fromisoformat(rule.created_at)
    assert abs(made - datetime.now(UTC)) < timedelta(seconds=30)
    with desk.writer():
        desk.shop.put("between", 1)
        arrived(desk, 1)
    with desk.worker():
        until(lambda: told(desk, "ann") == ["between"])
