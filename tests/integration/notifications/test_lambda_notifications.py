"""The scheduled Lambda function sends notifications, too, over as many invocations as it takes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.config.settings import Settings
from app.core.rules.rule import Recipient, What
from app.notifications.channels.channel import NotNow
from app.notifications.notice import Message
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.feed.shared_clock import ClockRow, SharedClock
from tests.integration.consumers.test_lambda_sinks import KEY, batch
from tests.integration.notifications.kit import Desk
from tests.support.builders import an_item, as_lambda, inserted
from tests.support.processes.running import settings_for
from tests.support.waiting import until
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import make_host
from worker.consumers.sink import Sink
from worker.notifications.notifier import NAME
from worker.sinks import configured


@pytest.fixture
def settings(endpoint: str, tmp_path: object) -> Settings:
    return settings_for(endpoint, tmp_path, audit_keys=KEY)  # type: ignore[arg-type]


def host(desk: Desk, *sinks: Sink) -> LambdaHost:
    """A new container."""
    shop = desk.shop
    clients = connect(shop.settings.dynamodb, tries=1)
    clock = SharedClock(ClockRow(clients.tables, shop.names.checkpoints, CONSUMER))
    return make_host(shop.settings, clients, shop.names, lambda _: None, clock, sinks)


def new(*numbers: int) -> list[dict[str, Any]]:
    """Records of products that are added now; those of `batch` are of the past."""
    return [
        as_lambda(inserted(an_item(f"p{n}"), sequence_number=str(n), at=datetime.now(UTC)))
        for n in numbers
    ]


def test_what_one_invocation_could_not_send_is_sent_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configured, "OPENERS", ())
    down = True

    def before(_recipient: Recipient, _message: Message) -> None:
        if down:
            raise NotNow("451 try again later")

    desk.mail.before = before
    stream = host(desk)
    with desk.sink() as sink:
        until(lambda: host(desk, sink).tick("sinks", 2.0) and desk.shop.row(NAME).cursor)
        desk.rule(What(), "ann")
        assert stream.handle_batch(new(1, 2), 30) == {"batchItemFailures": []}
        until(lambda: host(desk, sink).tick("sinks", 3.0) and desk.rows())
    assert desk.mail.got == []
    down = False
    with desk.sink() as sink:  # another container
        assert stream.handle_batch(new(3), 30) == {"batchItemFailures": []}
        until(lambda: host(desk, sink).tick("sinks", 4.0) and not desk.rows())
    told = {one.product_id for message in desk.mail.of("ann") for one in message.notices}
    assert told == {"p1", "p2", "p3"}


def test_the_first_invocation_tells_what_came_since_the_rule_was_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configured, "OPENERS", ())
    stream = host(desk)
    desk.rule(What(), "ann")
    # A new function reads the day before: these changes are older than the rule.
    assert stream.handle_batch(batch(1, 2), 30) == {"batchItemFailures": []}
    assert stream.handle_batch(new(3), 30) == {"batchItemFailures": []}
    with desk.sink() as sink:
        until(lambda: host(desk, sink).tick("sinks", 3.0) and desk.mail.got)
    told = {one.product_id for message in desk.mail.of("ann") for one in message.notices}
    assert told == {"p3"}
