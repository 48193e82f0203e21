"""SNS delivers to a queue: text for people, JSON for programs, attributes for filter policies."""

import json

import pytest

from app.core.rules.rule import Recipient
from app.notifications.channels.channel import AddressRefused, NotNow, RecipientGone
from app.notifications.channels.sns import SNSChannel
from app.notifications.texts.templates import Texts
from tests.integration.channels.queues import Queue
from tests.support.builders import an_event
from tests.support.http.receiver import closed_port
from tests.support.messages.notifying import a_message, an_alert, of_event
from tests.support.processes.ministack import REGION, MiniStack

MISSING = f"arn:aws:sns:{REGION}:000000000000:missing"
DELETED = an_event(kind="deleted", event_name="REMOVE", after=None, stock_after=None)


@pytest.fixture(scope="module")
def channel(stack: MiniStack) -> SNSChannel:
    return SNSChannel(stack.url, Texts(), "Products")


def test_a_deleted_item_arrives_in_the_queue_as_its_event(
    stack: MiniStack, channel: SNSChannel
) -> None:
    queue = Queue(stack, "deletions")
    sentence = channel.send(queue.recipient, a_message(of_event(DELETED)))
    (message,) = queue.read()
    body = json.loads(message["Body"])
    assert (body["id"], body["type"]) == (DELETED.id, "stockpulse.product.deleted")
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert attributes == {
        "event_id": DELETED.id,
        "rule": "Low stock",
        "kind": "deleted",
        "product_id": "P1",
        "category": "Kitchen",
    }
    assert sentence.startswith("SNS accepted the message as ")


def test_a_subscription_can_filter_by_kind(stack: MiniStack, channel: SNSChannel) -> None:
    queue = Queue(stack, "filtered", FilterPolicy=json.dumps({"kind": ["deleted"]}))
    channel.send(queue.recipient, a_message(an_alert()))
    channel.send(queue.recipient, a_message(of_event(DELETED)))
    assert [json.loads(one["Body"])["id"] for one in queue.read()] == [DELETED.id]


def test_a_fifo_topic_keeps_a_products_order_and_drops_repeats(
    stack: MiniStack, channel: SNSChannel
) -> None:
    queue = Queue(stack, "ordered.fifo")
    for number in (1, 2, 2, 3, 1):
        channel.send(queue.recipient, a_message(an_alert(number)))
    ids = [json.loads(one["Body"])["id"] for one in queue.read()]
    assert ids == ["alert-1", "alert-2", "alert-3"]


def test_a_large_digest_and_odd_names_fit_into_the_limits(
    stack: MiniStack, channel: SNSChannel
) -> None:
    queue = Queue(stack, "large")
    name = " “Läden” → 3 \n" + "x" * 300
    notices = [an_alert(number, product_name=name, category="") for number in range(2000)]
    channel.send(queue.recipient, a_message(*notices, is_digest=True, rule_name=name))
    channel.send(queue.recipient, a_message(an_alert(product_name=name, category="")))
    first, second = queue.read()
    assert json.loads(first["Body"])["data"]["folded"] > 1000
    assert "category" not in second["MessageAttributes"]


def test_a_topic_that_is_gone_disables_the_recipient(channel: SNSChannel) -> None:
    with pytest.raises(RecipientGone, match=r"^SNS answered NotFound"):
        channel.send(Recipient("sns", MISSING), a_message())


def test_without_an_answer_or_credentials_the_message_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = SNSChannel(f"http://127.0.0.1:{closed_port()}", Texts(), "Products")
    with pytest.raises(NotNow, match=r"^SNS cannot be called: Could not connect"):
        nobody.send(Recipient("sns", MISSING), a_message())
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NotNow, match=r"^The AWS configuration cannot be used"):
        SNSChannel(None, Texts(), "Products").send(Recipient("sns", MISSING), a_message())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "stock",
        "arn:aws:sqs:eu-central-1:123456789012:stock",
        "arn:aws:sns:eu-central-1:1234:stock",
        "arn:aws:sns:eu-central-1:123456789012:stock:11111111-subscription",
        "arn:aws:sns:evil.example/:123456789012:stock",
    ],
)
def test_an_address_that_is_no_topic_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="must be the ARN of a topic"):
        SNSChannel(None, Texts(), "Products").checked(address)


def test_the_arn_of_a_topic_is_accepted() -> None:
    for arn in (MISSING, f"{MISSING}.fifo", "arn:aws-cn:sns:cn-north-1:123456789012:a_b-c"):
        assert SNSChannel(None, Texts(), "Products").checked(f" {arn}\n") == arn
