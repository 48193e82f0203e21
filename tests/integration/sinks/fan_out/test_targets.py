"""Changes reach consumers of EventBridge, SNS and SQS on MiniStack."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.events import ChangeEvent
from app.store.audit.entry import event_of
from tests.integration.consumers.kit import Shop
from tests.integration.sinks.fan_out.conftest import Opened
from tests.support.processes.ministack import ACCOUNT, REGION, MiniStack
from tests.support.waiting import until

PRODUCTS, CHANGES = 12, 5
FIFO = {"FifoQueue": "true"}


@dataclass
class Consumer:
    """Another team's consumer of one queue."""

    client: Any
    url: str
    got: list[Any] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.url.rpartition('/')[2]}"

    def receive(self) -> list[Any]:
        """Receive and delete what is there; returns all messages so far."""
        while True:
            answer = self.client.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not (messages := answer.get("Messages", [])):
                return self.got
            self.got += messages
            for message in messages:
                handle = message["ReceiptHandle"]
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=handle)

    def events(self) -> list[Any]:
        """The CloudEvents of all messages so far."""
        documents = [json.loads(message["Body"]) for message in self.receive()]
        return [one.get("detail", one) for one in documents]


def consumer(stack: MiniStack, *, fifo: bool = False) -> Consumer:
    client = stack.client("sqs")
    name = uuid.uuid4().hex + (".fifo" if fifo else "")
    made = client.create_queue(QueueName=name, Attributes=FIFO if fifo else {})
    return Consumer(client, made["QueueUrl"])


def topic_of(stack: MiniStack, subscriber: Consumer) -> str:
    """A FIFO topic that this consumer subscribes to."""
    client = stack.client("sns")
    name, attributes = f"{uuid.uuid4().hex}.fifo", {"FifoTopic": "true"}
    arn: str = client.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    client.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=subscriber.arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    return arn


def bus_of(stack: MiniStack, subscriber: Consumer) -> str:
    """A bus with a rule for this consumer."""
    client, name = stack.client("events"), uuid.uuid4().hex
    client.create_event_bus(Name=name)
    pattern = json.dumps({"source": ["stockpulse"], "detail": {"type": [{"prefix": "stock"}]}})
    client.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    targets = [{"Id": "1", "Arn": subscriber.arn}]
    client.put_targets(Rule=name, EventBusName=name, Targets=targets)
    return name


def by_product(events: Iterable[Any]) -> dict[str, list[int]]:
    """The stocks in the order of arrival."""
    found = defaultdict(list)
    for event in events:
        found[event["subject"]].append(event["data"]["stock_after"])
    return found


def audited(shop: Shop) -> list[ChangeEvent]:
    """All events."""
    entries = shop.client.scan(TableName=shop.names.audit)["Items"]
    return [event_of(entry) for entry in entries]


def test_every_change_reaches_bus_topic_and_queue_once_and_in_order(
    shop: Shop, stack: MiniStack, opened: Opened
) -> None:
    queue, behind_topic = consumer(stack, fifo=True), consumer(stack, fifo=True)
    behind_bus = consumer(stack)
    changes = {
        "fan_out_endpoint": stack.url,
        "sqs_queue": queue.url,
        "sns_topic": topic_of(stack, behind_topic),
        "eventbridge_bus": bus_of(stack, behind_bus),
    }
    expected = {f"Tée {number}": list(range(CHANGES)) for number in range(PRODUCTS)}
    count = PRODUCTS * CHANGES
    with opened(**changes) as sinks, shop.worker(*sinks):
        assert [sink.name for sink in sinks] == ["eventbridge", "sns", "sqs"]
        for stock in range(CHANGES):
            for product in expected:
                shop.put(product, stock)
        for one in (queue, behind_topic):
            until(lambda one=one: len(one.receive()) >= count)
            assert by_product(one.events()) == expected
        until(lambda: len(behind_bus.receive()) >= count)
        assert {name: sorted(got) for name, got in by_product(behind_bus.events()).items()} == (
            expected  # a bus does not promise an order
        )
        ids = [{event["id"] for event in one.events()} for one in (queue, behind_topic, behind_bus)]
        assert ids[0] == ids[1] == ids[2]
        assert len(ids[0]) == count
        again = sorted(audited(shop), key=lambda event: (event.product_id, event.event_key))
        for sink in sinks[1:]:
            for start in range(0, count, sink.batch_size):
                assert sink.deliver(again[start : start + sink.batch_size]) == []
        sinks[2].deliver([replace(again[0], event_key=again[0].event_key + "~g0000")])
        until(lambda: len(queue.receive()) > count)
        assert len(queue.got) == count + 1, "a FIFO queue drops what a replay repeats"
        assert len(behind_topic.receive()) == count


def test_binary_mode_references_and_projections_reach_a_standard_queue(
    shop: Shop, stack: MiniStack, opened: Opened
) -> None:
    queue = consumer(stack)
    changes = {
        "fan_out_endpoint": stack.url,
        "sqs_queue": queue.url,
        "cloudevents_mode": "binary",
        "sqs_attributes": ["Stock", "Photo"],
        "sqs_filter": '{"data": {"after": {"Supplier": ["acme"]}}}',
        "public_url": "https://stock.shop.example",
    }
    with opened(**changes) as sinks, shop.worker(*sinks):
        for product, photo in (("small", "x"), ("large", "x" * 300_000)):
            item = {"ProductID": {"S": product}, "Stock": {"N": "5"}, "Photo": {"S": photo}}
            shop.client.put_item(
                TableName=shop.names.products, Item=item | {"Supplier": {"S": "acme"}}
            )
            shop.client.put_item(
                TableName=shop.names.products, Item=item | {"ProductID": {"S": "other"}}
            )
        until(lambda: len(queue.receive()) >= 2)
        until(lambda: shop.row("sqs").health.lag_events == 0)
    messages = {
        one["MessageAttributes"]["ce-subject"]["StringValue"]: one for one in queue.receive()
    }
    assert set(messages) == {"small", "large"}
    beside = {
        name: one["StringValue"] for name, one in messages["small"]["MessageAttributes"].items()
    }
    assert beside["ce-type"] == "stockpulse.product.inserted"
    assert beside["content-type"] == "application/json"
    small, large = (json.loads(messages[name]["Body"]) for name in ("small", "large"))
    assert small["after"] == {"ProductID": "small", "Stock": 5, "Photo": "x"}
    assert large["images_omitted"] is True
    assert large["event_url"] == f"https://stock.shop.example/v1/events/{large['id']}"


def test_a_missing_queue_is_named_and_nothing_is_lost(
    shop: Shop, stack: MiniStack, opened: Opened
) -> None:
    queue = consumer(stack)
    queue.client.delete_queue(QueueUrl=queue.url)
    with opened(fan_out_endpoint=stack.url, sqs_queue=queue.url) as sinks:
        with shop.worker(*sinks) as worker:
            shop.put("P1", 1, 2, 3)
            until(lambda: "does not exist" in worker.sink_troubles().get("sqs", ""))
            assert "correct STOCKPULSE_SQS_QUEUE" in worker.sink_troubles()["sqs"]
            queue.client.create_queue(QueueName=queue.url.rpartition("/")[2])
            until(lambda: sorted(by_product(queue.events())["P1"]) == [1, 2, 3])
        assert list(shop.letters.all()) == []


def test_a_test_message_reaches_each_target(shop: Shop, stack: MiniStack, opened: Opened) -> None:
    queue, behind_topic = consumer(stack, fifo=True), consumer(stack, fifo=True)
    behind_bus = consumer(stack)
    changes = {
        "fan_out_endpoint": stack.url,
        "sqs_queue": queue.url,
        "sns_topic": topic_of(stack, behind_topic),
        "eventbridge_bus": bus_of(stack, behind_bus),
    }
    with opened(**changes) as sinks:
        for sink in sinks:
            assert sink.test is not None
            assert "accepted the event test_" in sink.test()
    for one in (queue, behind_topic, behind_bus):
        until(lambda one=one: len(one.receive()) == 1)
        assert one.events()[0]["type"] == "stockpulse.test"
