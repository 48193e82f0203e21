"""EventBridge, SNS and SQS on MiniStack; the bare loop calls boto3 as its documentation shows."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.core.events import ChangeEvent, cloud_event
from bench.support.sinks.trial import Trial
from tests.support.processes.ministack import MiniStack, ministack

_BATCH = 10


_running: list[MiniStack] = []


@contextmanager
def _shared(folder: Path) -> Iterator[MiniStack]:
    """A MiniStack; trials that are open at the same time share it, as a server has one endpoint."""
    if _running:
        yield _running[0]
        return
    with ministack(folder) as stack:
        _running.append(stack)
        try:
            yield stack
        finally:
            _running.clear()


def _trial(
    name: str, environment: dict[str, str], stack: MiniStack, bare: Callable[[list[Any]], None]
) -> Trial:
    def send(events: Sequence[ChangeEvent]) -> None:
        bare([(event, json.dumps(cloud_event(event, "Products"))) for event in events])

    return Trial(name, {"STOCKPULSE_FAN_OUT_ENDPOINT": stack.url} | environment, send, _BATCH)


@contextmanager
def sqs(folder: Path) -> Iterator[Trial]:
    """A FIFO queue for the sink, and one for the bare loop."""
    with _shared(folder) as stack:
        client = stack.client("sqs")
        mine, bare = (
            client.create_queue(
                QueueName=f"{uuid.uuid4().hex}.fifo", Attributes={"FifoQueue": "true"}
            )["QueueUrl"]
            for _ in range(2)
        )

        def send(messages: list[Any]) -> None:
            client.send_message_batch(
                QueueUrl=bare,
                Entries=[
                    {
                        "Id": str(number),
                        "MessageBody": body,
                        "MessageGroupId": event.product_id,
                        "MessageDeduplicationId": event.id,
                    }
                    for number, (event, body) in enumerate(messages)
                ],
            )

        yield _trial("sqs", {"STOCKPULSE_SQS_QUEUE": mine}, stack, send)


@contextmanager
def sns(folder: Path) -> Iterator[Trial]:
    """A FIFO topic for the sink, and one for the bare loop."""
    with _shared(folder) as stack:
        client = stack.client("sns")
        mine, bare = (
            client.create_topic(Name=f"{uuid.uuid4().hex}.fifo", Attributes={"FifoTopic": "true"})[
                "TopicArn"
            ]
            for _ in range(2)
        )

        def send(messages: list[Any]) -> None:
            client.publish_batch(
                TopicArn=bare,
                PublishBatchRequestEntries=[
                    {
                        "Id": str(number),
                        "Message": body,
                        "MessageGroupId": event.product_id,
                        "MessageDeduplicationId": event.id,
                    }
                    for number, (event, body) in enumerate(messages)
                ],
            )

        yield _trial("sns", {"STOCKPULSE_SNS_TOPIC": mine}, stack, send)


@contextmanager
def eventbridge(folder: Path) -> Iterator[Trial]:
    """A bus for the sink, and one for the bare loop."""
    with _shared(folder) as stack:
        client = stack.client("events")
        for name in ("mine", "bare"):
            client.create_event_bus(Name=name)

        def send(messages: list[Any]) -> None:
            client.put_events(
                Entries=[
                    {
                        "EventBusName": "bare",
                        "Source": "bench",
                        "DetailType": event.kind,
                        "Detail": body,
                    }
                    for event, body in messages
                ]
            )

        yield _trial("eventbridge", {"STOCKPULSE_EVENTBRIDGE_BUS": "mine"}, stack, send)
