"""The AsyncAPI document says what the live stream sends: one channel, four messages."""

from typing import Any

from app.web.contract.examples import EXAMPLES
from app.web.schemas.outputs import CloudEventOut

_HELLO = {
    "type": "object",
    "required": ["cursor", "server_version", "store"],
    "properties": {
        "cursor": {"type": "string", "description": "where the stream begins"},
        "server_version": {"type": "string"},
        "store": {"type": "string", "description": "`ok`, or what is wrong with the store"},
    },
}
_HEARTBEAT = {
    "type": "object",
    "required": ["time", "lag_ms", "store"],
    "properties": {
        "time": {"type": "string", "format": "date-time", "description": "the server's clock"},
        "lag_ms": {
            "type": "object",
            "description": "of the newest change, hop by hop, in milliseconds",
            "required": ["stream", "audit"],
            "properties": {
                "stream": {"type": "integer", "minimum": 0},
                "audit": {"type": "integer"},
            },
        },
        "store": {"type": "string", "description": "`ok`, or what is wrong with the store"},
    },
}
_RESET = {
    "type": "object",
    "required": ["cursor"],
    "properties": {"cursor": {"type": "string", "description": "go on from here"}},
}

_MESSAGES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "hello": (
        "First on each connection.",
        _HELLO,
        {"cursor": "1795248751004-0a1b2c3d-000", "server_version": "0.1.0", "store": "ok"},
    ),
    "change": (
        "A change to a product, as a CloudEvents object.",
        CloudEventOut.model_json_schema(ref_template="#/components/schemas/{model}"),
        EXAMPLES["get_event"].answer,
    ),
    "heartbeat": (
        "Every 15 s, and when the store's state changes.",
        _HEARTBEAT,
        {"time": "2026-11-21T08:12:45.002Z", "lag_ms": {"stream": 12, "audit": 4}, "store": "ok"},
    ),
    "reset": (
        "More was missed than the stream gives again: load a page, and go on from its cursor.",
        _RESET,
        {"cursor": "1795248751004-0a1b2c3d-000"},
    ),
}

_DESCRIPTION = """\
Server-sent events. Each message's SSE `event` is its name, its `data` one line of JSON, its
`id` the cursor to resume from (`Last-Event-ID`, or `?after=`). After a resume, drop event ids
that you have among your last 10,000: some of the ten seconds before may come again.
"""


def stream_contract(version: str, base_path: str) -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for name, (summary, schema, example) in _MESSAGES.items():
        own = dict(schema)
        schemas |= own.pop("$defs", {})
        messages[name] = {
            "name": name,
            "summary": summary,
            "contentType": "application/json",
            "payload": own,
            "examples": [{"name": name, "payload": example}],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stockpulse: the live stream",
            "version": version,
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": f"{base_path}/v1/events",
                "description": "GET with `Accept: text/event-stream`; filters as for the page.",
                "messages": {name: _ref("messages", name) for name in messages},
                "bindings": {"http": {"bindingVersion": "0.3.0"}},
            }
        },
        "operations": {
            "follow": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "What the server sends to each client that follows.",
                "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
