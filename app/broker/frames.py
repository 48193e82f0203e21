"""An event is encoded once, when it is published; every subscriber is sent the same bytes.

Frames are server-sent events of the HTML standard. `data` is JSON on one line.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sse_starlette import ServerSentEvent

from app.broker.filters import Topic, topic_of
from app.events import ChangeEvent, cloud_event

# Images larger than this, in bytes of JSON, are left out of the frame and fetched by id.
IMAGES_LIMIT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One published event: its cursor, its id, what filters look at, and its bytes."""

    cursor: str
    event_id: str
    topic: Topic
    data: bytes


def change_frame(cursor: str, event: ChangeEvent, table: str) -> Frame:
    """The frame of a change to a product of `table`."""
    document = orjson.dumps(cloud_event(event, table))
    if len(document) > IMAGES_LIMIT:
        without = orjson.dumps(cloud_event(event, table, with_images=False))
        if len(document) - len(without) > IMAGES_LIMIT:
            document = without
    return Frame(cursor, event.id, topic_of(event), _encode("change", cursor, document))


def signal(name: str, cursor: str, document: dict[str, Any]) -> bytes:
    """A `hello`, `heartbeat` or `reset`; its id lets a client resume from `cursor`."""
    return _encode(name, cursor, orjson.dumps(document))


def retry_hint(milliseconds: int) -> bytes:
    """How long a client shall wait before it connects again."""
    return ServerSentEvent(retry=milliseconds, sep="\n").encode()


def _encode(name: str, cursor: str, document: bytes) -> bytes:
    return ServerSentEvent(document.decode(), event=name, id=cursor, sep="\n").encode()
