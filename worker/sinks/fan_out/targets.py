"""EventBridge, SNS and SQS each take up to ten entries in a call, and answer for every entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.sinks.fan_out.aws_refusal import Refusal
from worker.sinks.fan_out.message import Message, deduplication_id, group_of

SOURCE = "stockpulse"  # of all our events on a bus; a rule selects by it


@dataclass(frozen=True, slots=True)
class Target:
    """One bus, topic or queue.

    `name`: the sink's. `service`: botocore's name. `address`: the bus's name or ARN, the topic's
    ARN or the queue's URL. `action`: the permission that a call needs. `send` makes one call with
    a client of the service, and returns a refusal or None for each message, in order; it raises
    botocore's errors.
    """

    name: str
    service: str
    address: str
    shown: str
    setting: str
    action: str
    region: str | None
    send: Callable[[Any, Sequence[Message]], list[Refusal | None]]


def bus(address: str) -> Target:
    """An event bus of EventBridge, by its name or ARN."""

    def send(client: Any, messages: Sequence[Message]) -> list[Refusal | None]:
        answer = client.put_events(Entries=[_event(address, message) for message in messages])
        return [
            Refusal(entry["ErrorCode"], entry.get("ErrorMessage", ""))
            if entry.get("ErrorCode")
            else None
            for entry in answer["Entries"]
        ]

    return Target(
        "eventbridge",
        "events",
        address,
        f"the event bus {address}",
        "STOCKPULSE_EVENTBRIDGE_BUS",
        "events:PutEvents",
        _region_of_arn(address),
        send,
    )


def topic(address: str) -> Target:
    """A topic of SNS, by its ARN."""
    ordered = address.endswith(".fifo")

    def send(client: Any, messages: Sequence[Message]) -> list[Refusal | None]:
        entries = [
            {"Id": str(number), "Message": message.text} | _beside(message, ordered=ordered)
            for number, message in enumerate(messages)
        ]
        answer = client.publish_batch(TopicArn=address, PublishBatchRequestEntries=entries)
        return _failures(answer, len(entries))

    return Target(
        "sns",
        "sns",
        address,
        f"the topic {address}",
        "STOCKPULSE_SNS_TOPIC",
        "sns:Publish",
        _region_of_arn(address),
        send,
    )


def queue(address: str) -> Target:
    """A queue of SQS, by its URL."""
    ordered = address.endswith(".fifo")

    def send(client: Any, messages: Sequence[Message]) -> list[Refusal | None]:
        entries = [
            {"Id": str(number), "MessageBody": message.text} | _beside(message, ordered=ordered)
            for number, message in enumerate(messages)
        ]
        answer = client.send_message_batch(QueueUrl=address, Entries=entries)
        return _failures(answer, len(entries))

    return Target(
        "sqs",
        "sqs",
        address,
        f"the queue {address}",
        "STOCKPULSE_SQS_QUEUE",
        "sqs:SendMessage",
        _region_of_url(address),
        send,
    )


def _event(address: str, message: Message) -> dict[str, Any]:
    return {
        "EventBusName": address,
        "Source": SOURCE,
        "DetailType": message.type,
        "Time": message.time,
        "Detail": message.text,
    }


def _beside(message: Message, *, ordered: bool) -> dict[str, Any]:
    """What an entry of SNS or SQS has beside its text; the order of a FIFO is that of a product."""
    entry: dict[str, Any] = {
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in message.attributes.items()
        }
    }
    if ordered:
        entry["MessageGroupId"] = group_of(message.product_id)
        entry["MessageDeduplicationId"] = deduplication_id(message.id)
    return entry


def _failures(answer: Mapping[str, Any], count: int) -> list[Refusal | None]:
    """The refusals of an answer of SNS or SQS, which lists its failures in any order."""
    found = {
        one["Id"]: Refusal(one.get("Code", "unknown"), one.get("Message", ""))
        for one in answer.get("Failed", ())
    }
    accepted = {one["Id"] for one in answer.get("Successful", ())}
    missing = Refusal("NoAnswer", "the entry is missing in the answer")
    names = map(str, range(count))
    return [found.get(name) or (None if name in accepted else missing) for name in names]


def _region_of_arn(address: str) -> str | None:
    parts = address.split(":")
    return parts[3] or None if parts[0] == "arn" and len(parts) > 5 else None


def _region_of_url(address: str) -> str | None:
    host = address.split("/")[2].split(".")
    return host[1] if host[0] == "sqs" and "amazonaws" in host else None
