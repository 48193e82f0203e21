"""The AsyncAPI document describes the live stream: one channel, four messages."""

from typing import Any, get_args

from app.broker.condition import State
from app.web.contract.examples.product_examples import EXAMPLES
from app.web.schemas.outputs import CloudEventOut

_TIME = {"type": "string", "format": "date-time"}
_OPTIONAL_TIME = {"type": ["string", "null"], "format": "date-time"}
_STATUS: dict[str, Any] = {
    "time": _TIME | {"description": "The time by the server's clock."},
    "state": {
        "type": "string",
        "enum": list(get_args(State)),
        "description": "`live`: every hop has proved itself within seconds. `behind`: changes are "
        "read late. `unproven`: nothing is known to be wrong, but only the next change can show "
        "that changes are read (at the start, and on Lambda). `stale`: a hop does not work, so "
        "newer changes may be missing.",
    },
    "says": {"type": "string", "description": "The state in a sentence, for people."},
    "since": _OPTIONAL_TIME | {"description": "While `stale`: when every hop last worked."},
    "seen": {
        "type": "object",
        "description": "The last proof of life of each hop; `null` if there is none.",
        "required": ["web", "store", "worker"],
        "properties": {
            "web": _TIME | {"description": "This server."},
            "store": _OPTIONAL_TIME | {"description": "DynamoDB answered a worker."},
            "worker": _OPTIONAL_TIME
            | {"description": "The slowest reader of the stream; `null` on Lambda."},
        },
    },
    "lag_ms": {
        "type": "object",
        "description": "Milliseconds that a change takes now: of the newest change, if it arrived "
        "in the last 10 s.",
        "required": ["stream", "audit"],
        "properties": {
            "stream": {
                "type": "integer",
                "minimum": 0,
                "description": "From the write to the worker; at least what a read of the stream "
                "takes.",
            },
            "audit": {
                "type": "integer",
                "minimum": 0,
                "description": "From the worker to its publication on this server.",
            },
        },
    },
    "store": {
        "type": "string",
        "description": "`ok`, or what is wrong with a part of this server.",
    },
}
_HELLO = {
    "type": "object",
    "required": ["cursor", "head", "server_version", *_STATUS],
    "properties": {
        "cursor": {"type": "string", "description": "The cursor after which the stream starts."},
        "head": {
            "type": "string",
            "description": "The cursor of the newest change when the stream began. You have caught "
            "up once you have received it, or, with filters, at the first heartbeat.",
        },
        "server_version": {"type": "string", "description": "The version of Stockpulse."},
        **_STATUS,
    },
}
_HEARTBEAT = {"type": "object", "required": list(_STATUS), "properties": _STATUS}
_EXAMPLE = {
    "time": "2026-11-21T08:12:45.002Z",
    "state": "live",
    "says": "All is well.",
    "since": None,
    "seen": {
        "web": "2026-11-21T08:12:45.002Z",
        "store": "2026-11-21T08:12:44.417Z",
        "worker": "2026-11-21T08:12:44.417Z",
    },
    "lag_ms": {"stream": 12, "audit": 4},
    "store": "ok",
}
_RESET = {
    "type": "object",
    "required": ["cursor"],
    "properties": {"cursor": {"type": "string", "description": "The cursor to continue from."}},
}

_MESSAGES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "hello": (
        "The first message of each connection.",
        _HELLO,
        {
            "cursor": "1795248751004-0a1b2c3d-000",
            "head": "1795248751917-0a1b2c3d-000",
            "server_version": "0.1.0",
            **_EXAMPLE,
        },
    ),
    "change": (
        "A change to a product, as a CloudEvents object.",
        CloudEventOut.model_json_schema(ref_template="#/components/schemas/{model}"),
        EXAMPLES["get_event"].response,
    ),
    "heartbeat": (
        "Sent every 3 s, and when the state changes.",
        _HEARTBEAT,
        _EXAMPLE,
    ),
    "reset": (
        "The client missed more events than the stream replays: load a page, then continue here.",
        _RESET,
        {"cursor": "1795248751004-0a1b2c3d-000"},
    ),
}

_DESCRIPTION = """\
Every change to a product, as server-sent events. In each message the SSE field `event` is the
message's name, `data` is one line of JSON, and `id` is the cursor to resume from: send it as
`Last-Event-ID` or `?after=` when you reconnect. After a resume, some events of the ten seconds
before the cursor may be repeated: ignore event ids that are among the last 10,000 you received.
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
            "title": "Stockpulse live stream",
            "version": version,
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": f"{base_path}/v1/events",
                "description": "A GET request with `Accept: text/event-stream`. It has the same "
                "filters as a page of events (see `/v1/openapi.json`).",
                "messages": {name: _ref("messages", name) for name in messages},
                "bindings": {"http": {"bindingVersion": "0.3.0"}},
            }
        },
        "operations": {
            "follow": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Receive changes as they happen.",
                "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
