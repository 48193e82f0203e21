"""A message as CloudEvents JSON, for programs: an event as the live stream has it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.broker.event_json import event_json
from app.core import json_text
from app.core.events import cloud_event, rfc3339
from app.core.numbers import json_number
from app.notifications.notice import Message, Notice
from app.notifications.texts.sentences import sentence

# Images larger than this many bytes of JSON are omitted: many servers reject bodies over 1 MB.
IMAGES_LIMIT = 256 * 1024


def message_json(message: Message, table: str, now: datetime, limit: int = IMAGES_LIMIT) -> bytes:
    """The message as one CloudEvents object; `table` is the products table's name.

    A single event is the event itself, without images that are larger than `limit` bytes. Several
    are one `stockpulse.digest`, whose list is cut to `limit` bytes.
    """
    if message.is_test:
        return check_event(message.id, table, now)
    if len(message.notices) == 1 and not message.is_digest:
        (notice,) = message.notices
        if notice.event is not None:
            return event_json(notice.event, table, limit)
        return json_text.dumps(_of_notice(notice, table))
    return _digest(message, table, limit)


def check_event(identifier: str, table: str, at: datetime) -> bytes:
    """A CloudEvent of type `stockpulse.test`, sent to try a webhook at a time."""
    data = {"message": "This is a test of the webhook. No product has changed."}
    return json_text.dumps(_object("test", identifier, table, data) | {"time": rfc3339(at)})


def _digest(message: Message, table: str, limit: int) -> bytes:
    parts = [json_text.dumps(_of_notice(notice, table)) for notice in message.notices]
    fits = _fitting([len(part) for part in parts], limit)
    data = {
        "rule_id": message.rule_id,
        "rule_name": message.rule_name,
        "folded": message.folded + len(parts) - fits,
        "notices": [_of_notice(notice, table) for notice in message.notices[:fits]],
    }
    return json_text.dumps(_object("digest", message.id, table, data))


def _fitting(sizes: Sequence[int], limit: int) -> int:
    """How many of the first parts fit into `limit` bytes together."""
    total = 0
    for number, size in enumerate(sizes):
        total += size + 1
        if total > limit:
            return number
    return len(sizes)


def _of_notice(notice: Notice, table: str) -> dict[str, Any]:
    if notice.event is not None:
        return cloud_event(notice.event, table, with_images=False)
    time = {"time": rfc3339(notice.at)}
    if not notice.product_id:
        return _object(notice.kind, notice.id, table, {"message": sentence(notice)}) | time
    data = {
        "kind": notice.kind,
        "product_id": notice.product_id,
        "product_name": notice.product_name,
        "category": notice.category,
        "stock": json_number(notice.stock),
        "reorder_point": json_number(notice.point),
        "message": sentence(notice),
    }
    subject = {"subject": notice.product_id}
    return _object(f"alert.{notice.kind}", notice.id, table, data) | time | subject


def _object(kind: str, identifier: str, table: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": identifier,
        "source": f"/tables/{quote(table)}",
        "type": f"stockpulse.{kind}",
        "datacontenttype": "application/json",
        "data": data,
    }
