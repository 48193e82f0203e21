"""A stream entry holds a change as the worker encoded it, with the fields for web processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.broker.event_json import event_json
from app.broker.filters import Topic, topic_of
from app.core import json_text
from app.core.events import ChangeEvent
from app.core.numbers import digits, number_of
from app.store.feed.cursor import Cursor, parse_cursor

if TYPE_CHECKING:
    from redis.typing import EncodableT, FieldT

    Fields = dict[FieldT, EncodableT]

# About as many changes as a ring holds; a web process that is further behind reads `Feed`.
MAX_ENTRIES = 10_000


def mark() -> "Fields":
    """The fields of an entry without a change: it gives an empty stream a position."""
    return {"mark": b"1"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that a worker published for the web processes."""

    cursor: Cursor
    event_id: str
    topic: Topic
    occurred_ms: int
    document: bytes


def fields_of(cursor: Cursor, event: ChangeEvent, table: str) -> "Fields":
    """The fields of a stream entry for this change."""
    topic = topic_of(event)
    head = [
        str(cursor),
        event.id,
        topic.kind,
        topic.product_id,
        topic.category,
        topic.actor,
        None if topic.delta is None else digits(topic.delta),
        topic.reason,
        int(event.occurred_at.timestamp() * 1000),
    ]
    # A field of its own, which a web process of an earlier version passes over.
    marks: Fields = {"outside": b"1"} if topic.outside else {}
    return {"head": json_text.dumps(head), "data": event_json(event, table), **marks}


def entry_of(fields: Mapping[bytes, bytes]) -> Entry | None:
    """The change in these fields; None for a mark.

    Raises:
        ValueError, KeyError: another program or another version wrote the entry.

    """
    if b"mark" in fields:
        return None
    cursor, event_id, kind, product_id, category, actor, delta, reason, occurred_ms = (
        json_text.loads(fields[b"head"])
    )
    outside = b"outside" in fields
    topic = Topic(kind, product_id, category, actor, number_of(delta), reason, outside)
    return Entry(parse_cursor(cursor), event_id, topic, occurred_ms, fields[b"data"])
