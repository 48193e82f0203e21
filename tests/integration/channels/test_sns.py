"""SNS delivers to a queue: text for people, JSON for programs, attributes for filter policies."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from app.notifications.channels.channel import AddressRefused, NotNow, RecipientGone
from app.notifications.channels.sns import SNSChannel
from app.notifications.rule import Recipient
from app.notifications.texts.templates import Texts
from tests.support.builders import an_event
from tests.support.http.receiver import closed_port
from tests.support.messages.notifying import a_message, an_alert, of_event
from tests.support.processes.ministack import PYTHON, REGION, MiniStack, ministack

MISSING = f"arn:aws:sns:{REGION}:000000000000:missing"
DELETED = an_event(kind="deleted", event_name="REMOVE", after=None, stock_after=None)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture(scope="module")
def channel(stack: MiniStack) -> SNSChannel:
    return SNSChannel(stack.url, Texts(), "Products")


class Queue:
    """An SQS queue that is subscribed to a new topic."""

    def __init__(self, stack: MiniStack, name: str, **subscription: str) -> None:
        fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        self._sns, self._sqs = stack.client("sns"), stack.client("sqs")
        self.topic: str = self._sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
        attributes = {"FifoQueue": "true"} if fifo else {}
        self._url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true", **subscription},
        )

    @property
    def recipient(self) -> Recipient:
        return Recipient("sns", self.topic)

    def read(self) -> list[dict[str, Any]]:
        """Every message that waits, in order."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=0,
                MessageAttributeNames=["All"],
                AttributeNames=["All"],
            )
            for message in answer.get("Messages", []):
                found.append(message)
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            if not answer.get("Messages"):
                return found


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
