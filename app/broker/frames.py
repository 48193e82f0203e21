"""Every subscriber is sent the same bytes: each event is encoded as a frame once.

Frames are server-sent events of the HTML standard. `data` is JSON on one line.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sse_starlette import ServerSentEvent

from app.broker.event_json import event_json
from app.broker.filters import Topic, topic_of
from app.core.events import ChangeEvent


@dataclass(frozen=True, slots=True)
class Frame:
    """One published event: its cursor, its id, what filters look at, and its bytes."""

    cursor: str
    event_id: str
    topic: Topic
    data: bytes


def change_frame(cursor: str, event: ChangeEvent, table: str) -> Frame:
    """The frame of a change to a product of `table`."""
    return frame_of(cursor, event.id, topic_of(event), event_json(event, table))


def frame_of(cursor: str, event_id: str, topic: Topic, encoded: bytes) -> Frame:
    """The frame of a change whose document is encoded already."""
    return Frame(cursor, event_id, topic, _encode("change", cursor, encoded))


def data_of_frame(frame: Frame) -> dict[str, Any]:
    """The event's fields as clients get them: `data_of` with images of bounded size."""
    encoded = frame.data.partition(b"\ndata: ")[2]
    data: dict[str, Any] = orjson.loads(encoded)["data"]
    return data


def signal(name: str, cursor: str, told: dict[str, Any]) -> bytes:
    """A `hello`, `heartbeat` or `reset`; its id lets a client resume from `cursor`."""
    return _encode(name, cursor, orjson.dumps(told))


def retry_hint(milliseconds: int) -> bytes:
    """How long a client shall wait before it connects again."""
    return ServerSentEvent(retry=milliseconds, sep="\n").encode()


def _encode(name: str, cursor: str, encoded: bytes) -> bytes:
    return ServerSentEvent(encoded.decode(), event=name, id=cursor, sep="\n").encode()
