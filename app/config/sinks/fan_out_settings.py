"""The settings of the sinks for EventBridge, SNS and SQS; `Settings` inherits them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from app.config.addresses import is_webhook
from app.config.values import Endpoint, EventFilter, Projection

_BUS = re.compile(r"[A-Za-z0-9._/-]{1,256}|arn:[a-z-]+:events:[a-z0-9-]+:\d{12}:event-bus/.+")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
_QUEUE = re.compile(r"https?://[^/]+/(\d{12}/|.+/)?[A-Za-z0-9_-]{1,80}(\.fifo)?")


def _bus(value: str) -> str:
    if _BUS.fullmatch(value):
        return value
    raise ValueError(
        "must be the name or the ARN of an event bus, such as default or "
        "arn:aws:events:eu-central-1:123456789012:event-bus/shop"
    )


def _topic(value: str) -> str:
    if _TOPIC.fullmatch(value):
        return value
    raise ValueError(
        "must be the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:stock"
    )


def _queue(value: str) -> str:
    if is_webhook(value) and _QUEUE.fullmatch(value):
        return value
    raise ValueError(
        "must be the URL of a queue, such as "
        "https://sqs.eu-central-1.amazonaws.com/123456789012/stock"
    )


class FanOutSettings(BaseSettings):
    """Where changes are sent for other teams' consumers, and in which form."""

    eventbridge_bus: Annotated[str, AfterValidator(_bus)] | None = Field(
        None,
        description="Name or ARN of an event bus of EventBridge that receives every change "
        "(docs/use/fan-out.md). If unset, none.",
    )
    eventbridge_filter: EventFilter | None = Field(
        None,
        description="Which changes the event bus receives: a filter pattern (docs/use/sinks.md). "
        "If unset, all.",
    )
    eventbridge_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the event bus receives, separated by commas; "
        "the key is always sent. If unset, all.",
    )
    sns_topic: Annotated[str, AfterValidator(_topic)] | None = Field(
        None,
        description="ARN of a topic of SNS that receives every change; with a name that ends in "
        "`.fifo`, each product's changes in order. If unset, none.",
    )
    sns_filter: EventFilter | None = Field(
        None, description="Which changes the topic receives: a filter pattern. If unset, all."
    )
    sns_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the topic receives, separated by commas; the "
        "key is always sent. If unset, all.",
    )
    sqs_queue: Annotated[str, AfterValidator(_queue)] | None = Field(
        None,
        description="URL of a queue of SQS that receives every change; with a name that ends in "
        "`.fifo`, each product's changes in order. If unset, none.",
    )
    sqs_filter: EventFilter | None = Field(
        None, description="Which changes the queue receives: a filter pattern. If unset, all."
    )
    sqs_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the queue receives, separated by commas; the "
        "key is always sent. If unset, all.",
    )
    cloudevents_mode: Literal["structured", "binary"] = Field(
        "structured",
        description="How EventBridge, SNS and SQS get a CloudEvent: `structured` (all of it in the "
        "message) or `binary` (its data in the message, its context in attributes beside it).",
    )
    fan_out_endpoint: Endpoint | None = Field(
        None,
        description="URL at which EventBridge, SNS and SQS are called, such as an emulator's. If "
        "unset, AWS, with the credentials that the AWS CLI uses.",
    )
