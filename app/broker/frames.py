"""Each event is encoded as a frame once; every subscriber is sent the same bytes.

Frames are server-sent events as in the HTML standard. `data` is JSON on one line.
"""

from dataclasses import dataclass
from typing import Any

from sse_starlette import ServerSentEvent

from app.broker.event_json import event_json
from app.broker.filters import Topic, topic_of
from app.core import json_text
from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Arrived

# Characters at which many clients end a line (Python's `splitlines`), though the standard does not.
_LINE_ENDS = [(end.encode(), b"\\u%04x" % ord(end)) for end in ("\x85", "\u2028", "\u2029")]


@dataclass(frozen=True, slots=True)
class Frame:
    """One published event: its cursor, its id, the fields that filters read, and its bytes."""

    cursor: str
    event_id: str
    topic: Topic
    data: bytes


def change_frame(cursor: str, event: ChangeEvent, table: str) -> Frame:
    """The frame of a change to a product of `table`."""
    return frame_of(cursor, event.id, topic_of(event), event_json(event, table))


def frame_of_arrival(table: str, arrived: Arrived) -> Frame | None:
    """The frame of an event that was stored; None if no client is sent it."""
    cursor, event = arrived
    return None if event.kind == "internal" else change_frame(str(cursor), event, table)


def frame_of(cursor: str, event_id: str, topic: Topic, encoded: bytes) -> Frame:
    """The frame of a change whose JSON is already encoded."""
    return Frame(cursor, event_id, topic, _encode("change", cursor, encoded))


def data_of_frame(frame: Frame) -> dict[str, Any]:
    """The event's fields as clients receive them: `data_of` without images over the limit."""
    encoded = frame.data.partition(b"\ndata: ")[2]
    data: dict[str, Any] = json_text.loads(encoded)["data"]
    return data


def signal(name: str, cursor: str, data: dict[str, Any]) -> bytes:
    """A `hello`, `heartbeat` or `reset`; its id lets a client resume from `cursor`."""
    return _encode(name, cursor, json_text.dumps(data))


def retry_hint(milliseconds: int) -> bytes:
    """The `retry:` field: how long a client waits before it reconnects."""
    return ServerSentEvent(retry=milliseconds, sep="\n").encode()


def _encode(name: str, cursor: str, encoded: bytes) -> bytes:
    if not encoded.isascii():
        for end, escape in _LINE_ENDS:
            encoded = encoded.replace(end, escape)
    return ServerSentEvent(encoded.decode(), event=name, id=cursor, sep="\n").encode()
