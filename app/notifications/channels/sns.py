"""The channel `sns`: an Amazon SNS topic gets text for people and JSON for programs."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.core import json_text
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import (
    AddressRefused,
    MessageRefused,
    NotNow,
    RecipientGone,
)
from app.notifications.channels.cloud_events import message_json
from app.notifications.notice import Message
from app.notifications.texts.sentences import one_line
from app.notifications.texts.templates import Texts
from app.store.dynamodb.aws_session import AWSNotSetUp, Session, session_for

_TOPIC = re.compile(
    r"arn:aws[a-z-]{0,20}:sns:(?P<region>[a-z]{2}[a-z0-9-]{3,30}):[0-9]{12}:"
    r"(?P<name>[A-Za-z0-9_-]{1,256}(?P<fifo>\.fifo)?)"
)
# Subscribers that are programs; all others (e-mail, SMS, phones) get the text.
_PROGRAMS = ("sqs", "lambda", "http", "https", "firehose")
_SUBJECT = 100  # characters, ASCII only: the limit of SNS
_TEXT_BYTES = 32 * 1024
_JSON_BYTES = 32 * 1024  # SNS takes 256 KB for the forms of all protocols together
_MOST_CLIENTS = 32  # regions; anybody who edits rules can name others
_GONE = {"NotFound", "NotFoundException"}
_REFUSED = {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}


class SNSChannel:
    """Publishes to topics. Credentials and region are looked for at the first message."""

    name = "sns"
    label = "Amazon SNS"
    placeholder = "arn:aws:sns:eu-central-1:123456789012:stock"

    def __init__(self, endpoint: str | None, texts: Texts, table: str) -> None:
        self._endpoint = endpoint
        self._texts = texts
        self._table = table
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._clients: dict[str, Any] = {}

    def checked(self, address: str) -> str:
        """The topic's ARN.

        Raises:
            AddressRefused: it is not one.

        """
        arn = address.strip()
        if _TOPIC.fullmatch(arn) is None:
            raise AddressRefused(f"This must be the ARN of a topic, such as {self.placeholder}.")
        return arn

    def send(self, recipient: Recipient, message: Message) -> str:
        """Publish a message.

        Raises:
            NotNow, MessageRefused, RecipientGone: see there.

        """
        topic = _TOPIC.fullmatch(recipient.address)
        if topic is None:
            raise MessageRefused("the address is not the ARN of an SNS topic")
        order = _order(message) if topic["fifo"] else {}
        try:
            answer = self._client(topic["region"]).publish(
                TopicArn=recipient.address, **self._published(message), **order
            )
        except (ClientError, BotoCoreError, AWSNotSetUp) as error:
            raise _outcome(error) from None
        return f"SNS accepted the message as {answer['MessageId']}"

    def _published(self, message: Message) -> dict[str, Any]:
        # Anyone of a topic's subscribers could stop it for all others.
        text = self._texts.text(replace(message, unsubscribe=None))
        document = message_json(message, self._table, datetime.now(UTC), _JSON_BYTES).decode()
        forms = {"default": _cut(text.body), **dict.fromkeys(_PROGRAMS, document)}
        return {
            "Subject": _subject(text.subject),
            "Message": json_text.dumps(forms).decode(),
            "MessageStructure": "json",
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in _attributes(message).items()
                if value
            },
        }

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                if self._session is None:
                    self._session = session_for(self._endpoint)
                config = Config(
                    connect_timeout=3,
                    read_timeout=8,
                    retries={"mode": "standard", "total_max_attempts": 2},
                    max_pool_connections=16,
                )
                boto: boto3.Session = self._session.boto
                if len(self._clients) >= _MOST_CLIENTS:
                    del self._clients[next(iter(self._clients))]
                self._clients[region] = boto.client(
                    "sns", region_name=region, endpoint_url=self._endpoint, config=config
                )
            return self._clients[region]


def _attributes(message: Message) -> dict[str, str]:
    """What a subscription's filter policy can match; of a digest, what all its notices share."""
    kinds = {notice.kind for notice in message.notices}
    products = {notice.product_id for notice in message.notices}
    categories = {notice.category for notice in message.notices}
    return {
        "event_id": one_line(message.id, 1024),
        "rule": one_line(message.rule_name, 256),
        "kind": "test" if message.is_test else _only(kinds, "digest"),
        "product_id": one_line(_only(products, ""), 1024),
        "category": one_line(_only(categories, ""), 256),
    }


def _only(values: set[str], otherwise: str) -> str:
    return next(iter(values)) if len(values) == 1 else otherwise


def _order(message: Message) -> dict[str, str]:
    """For a FIFO topic: a group for each product keeps its order, the id dedupes for 5 minutes."""
    products = {notice.product_id for notice in message.notices}
    group = next(iter(products)) if len(products) == 1 else ""
    return {
        "MessageGroupId": sha256(f"{message.rule_id}\0{group}".encode()).hexdigest(),
        "MessageDeduplicationId": sha256(f"{message.rule_id}\0{message.id}".encode()).hexdigest(),
    }


def _subject(text: str) -> str:
    """ASCII without control characters, as SNS demands; it must not begin with a space."""
    plain = text.replace("→", "->").replace("−", "-").replace("“", '"').replace("”", '"')
    ascii_only = plain.encode("ascii", "replace").decode().strip()
    return ascii_only[:_SUBJECT] or "Stockpulse"


def _cut(text: str) -> str:
    return text.encode()[:_TEXT_BYTES].decode("utf-8", "ignore")


def _outcome(error: Exception) -> Exception:
    if isinstance(error, AWSNotSetUp):
        return NotNow(str(error).replace("STOCKPULSE_DYNAMODB=aws", "Amazon SNS"))
    if not isinstance(error, ClientError):
        return NotNow(f"SNS cannot be called: {str(error).rstrip('.')}")
    code = str(error.response.get("Error", {}).get("Code", ""))
    reason = f"SNS answered {code}: {one_line(str(error.response['Error'].get('Message', '')))}"
    if code in _GONE:
        return RecipientGone(reason)
    # Such as a message that the topic's data protection policy refuses.
    return MessageRefused(reason) if code in _REFUSED else NotNow(reason)
