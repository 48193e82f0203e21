"""A queue of MiniStack's SQS, where a topic's messages are read."""

from typing import Any

from app.core.rules.rule import Recipient
from tests.support.processes.ministack import MiniStack


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
