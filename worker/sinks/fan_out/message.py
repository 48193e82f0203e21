"""An event becomes one text of bounded size, in one of CloudEvents' two modes. Pure.

A text over the limit goes by reference: without its images, then without other texts, marked by
`images_omitted` and with `event_url`, where the whole event is.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from app.core import json_text
from app.core.events import ChangeEvent, cloud_event, rfc3339

Mode = Literal["structured", "binary"]

# Bytes in one message, and in one request. EventBridge, SNS and SQS all take 256 KiB, and count the
# names beside the text differently.
LIMIT = 255 * 1024
MOST = 10  # entries in one request, for each of the three

TEST = "stockpulse.test"  # the type of a test message

STRUCTURED, BINARY = "application/cloudevents+json", "application/json"
_CONTEXT = ("specversion", "id", "source", "type", "subject", "time")
# What stays of the data where even the event without its images is too large.
_ALWAYS = ("id", "event_key", "kind", "product_id", "images_omitted", "occurred_at", "event_url")

# SQS and SNS refuse these two characters; within JSON they can be written as escapes.
_NOT_SENT = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}
_SHORT_NAME = re.compile(r"[!-~]{1,128}")  # what FIFO groups and deduplication ids may be


class Message(NamedTuple):
    """One event as it is sent: its text, the attributes beside it, and the bytes of both."""

    id: str
    product_id: str
    type: str
    time: datetime
    text: str
    attributes: Mapping[str, str]
    size: int
    by_reference: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """How events are written: the products table's name, the mode, and where events are read.

    `events_at` is the address of the API's events; a path without a host if that is not known.
    """

    table: str
    mode: Mode = "structured"
    events_at: str = "/v1/events"

    def message(self, event: ChangeEvent, limit: int = LIMIT) -> Message:
        """The whole event, or a reference to it if the message would be over `limit` bytes."""
        whole = self._of(event, cloud_event(event, self.table))
        if whole.size > limit or event.images_omitted:
            return self.reference(event, limit)
        return whole

    def reference(self, event: ChangeEvent, limit: int = LIMIT) -> Message:
        """The event without its images; without what else is long if it is still over `limit`."""
        envelope = cloud_event(event, self.table, with_images=False)
        data = envelope["data"] | {"event_url": f"{self.events_at}/{event.id}"}
        shorter = self._of(event, envelope | {"data": data}, by_reference=True)
        if shorter.size <= limit:
            return shorter
        data = {name: data[name] for name in _ALWAYS}
        return self._of(event, envelope | {"data": data}, by_reference=True)

    def test(self, identifier: str, now: datetime) -> Message:
        """A message of type `stockpulse.test`, which no consumer acts on."""
        envelope = {
            "specversion": "1.0",
            "id": identifier,
            "source": f"/tables/{quote(self.table)}",
            "type": TEST,
            "time": rfc3339(now),
            "datacontenttype": "application/json",
            "data": {"message": "This is a test. No product has changed."},
        }
        return self._message(identifier, TEST, now, envelope)

    def _of(
        self, event: ChangeEvent, envelope: Mapping[str, Any], *, by_reference: bool = False
    ) -> Message:
        message = self._message(event.product_id, envelope["type"], event.occurred_at, envelope)
        return message._replace(by_reference=by_reference)

    def _message(
        self, product_id: str, kind: str, time: datetime, envelope: Mapping[str, Any]
    ) -> Message:
        if self.mode == "structured":
            text, attributes = _text(envelope), {"content-type": STRUCTURED}
        else:
            beside = {
                f"ce-{name}": _header(envelope[name]) for name in _CONTEXT if name in envelope
            }
            text, attributes = _text(envelope["data"]), {"content-type": BINARY, **beside}
        size = _size(text, attributes)
        return Message(envelope["id"], product_id, kind, time, text, attributes, size)


def request_of(waiting: Sequence[Message], most: int = MOST, limit: int = LIMIT) -> list[Message]:
    """The messages of the next request: up to `most` that fit, in order, one of each product.

    The entries of a request succeed or fail alone, so a product's later event has to wait until
    the earlier one is accepted.
    """
    chosen: list[Message] = []
    products: set[str] = set()
    size = 0
    for message in waiting:
        if len(chosen) == most:
            break
        if message.product_id in products:
            continue
        products.add(message.product_id)  # even if it does not fit: nothing may overtake it
        if not chosen or size + message.size <= limit:
            chosen.append(message)
            size += message.size
    return chosen


def group_of(product_id: str) -> str:
    """The FIFO group of a product: its id, or a hash of it where the id cannot be a group's."""
    return product_id if _SHORT_NAME.fullmatch(product_id) else f"sha256:{_hash(product_id)}"


def deduplication_id(event_id: str) -> str:
    """The FIFO deduplication id of an event: its id, or a hash of it where the id is too long."""
    return event_id if _SHORT_NAME.fullmatch(event_id) else _hash(event_id)


def _text(document: Any) -> str:
    text = json_text.dumps(document).decode()
    for character, escape in _NOT_SENT.items():
        text = text.replace(character, escape)
    return text


def _size(text: str, attributes: Mapping[str, str]) -> int:
    """Bytes as SNS and SQS count them; EventBridge counts a few names less."""
    beside = sum(len(f"{name}String{value}") for name, value in attributes.items())  # all ASCII
    return len(text.encode()) + beside


def _header(value: str) -> str:
    """As CloudEvents' HTTP binding writes a header's value: in visible ASCII, escaped as %XX."""
    return quote(value, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", errors="surrogatepass")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
