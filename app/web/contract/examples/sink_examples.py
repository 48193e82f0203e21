"""Each operation on sinks has one example; the tests send them after those on products."""

from collections.abc import Mapping
from typing import Any

from app.web.contract.examples.example import Example

_NAME = {"name": "webhook"}


def _sink(**changes: Any) -> dict[str, Any]:
    return {
        "name": "webhook",
        "state": "running",
        "why": None,
        "cursor": "1795248751004-0a1b2c3d-000",
        "lag_seconds": 0.0,
        "lag_events": 0,
        "owner": "shop-4711-0a1b2c3d",
        "last_error": None,
        "version": 0,
        "saved_at": "2026-11-21T19:00:00.410Z",
        **changes,
    }


# By operation id, in the order in which the tests send them.
SINK_EXAMPLES: Mapping[str, Example] = {
    "list_sinks": Example(
        200,
        response={
            "items": [_sink(name="alerts"), _sink(name="notifications"), _sink()],
            "next_cursor": None,
        },
    ),
    "get_sink": Example(200, parameters=_NAME, response=_sink()),
    "pause_sink": Example(
        200,
        parameters=_NAME | {"idempotency-key": "maintenance-1"},
        response=_sink(state="paused", why="paused by local", version=1),
    ),
    "rewind_sink": Example(
        200,
        parameters=_NAME,
        body={"to": "beginning"},
        response=_sink(state="paused", why="paused by local", version=2, saved_at=None),
    ),
    "resume_sink": Example(200, parameters=_NAME, response=_sink(version=3, saved_at=None)),
    "test_sink": Example(
        200,
        parameters=_NAME,
        response={
            "name": "webhook",
            "answer": "https://shop.example/hooks accepted the event "
            "test_0b9f8f7a2f3e4d5c8a7b6c5d4e3f2a1b in 41 ms",
        },
    ),
    "rebuild_sink": Example(
        202,
        parameters={"name": "search"},
        response={
            "name": "search",
            "answer": "A worker fills stockpulse-products-000002 from the products table, and "
            "stockpulse-products leads to it once it is complete. Until then, searches use the "
            "index that is there.",
        },
    ),
    "redrive_sink": Example(202, parameters=_NAME, response={"name": "webhook", "status": "due"}),
}
