"""The examples of exports: one of the teas is made, listed, downloaded and deleted."""

from collections.abc import Mapping
from typing import Any

from app.web.contract.examples.example import Example

_EXPORT_ID = "x6QW3v8oYk2TnR1b"


def _export(**changes: Any) -> dict[str, Any]:
    return {
        "id": _EXPORT_ID,
        "of": "products",
        "format": "xlsx",
        "state": "waiting",
        "rows_done": 0,
        "rows_total": 1,
        "shortened": 0,
        "bytes": None,
        "detail": None,
        "created_at": "2026-11-21T19:30:00.250Z",
        "expires_at": "2026-11-21T20:30:00.250Z",
        "file": f"/v1/exports/{_EXPORT_ID}/file",
        **changes,
    }


_EXPORTED = _export(state="ready", rows_done=1, bytes=5520)

EXPORT_EXAMPLES: Mapping[str, Example] = {
    "create_export": Example(
        202,
        body={"of": "products", "format": "xlsx", "query": {"category": "Tea", "sort": "-stock"}},
        response=_export(),
        headers=("Location",),
    ),
    "get_export": Example(200, parameters={"export_id": _EXPORT_ID}, response=_EXPORTED),
    "list_exports": Example(200, response={"items": [_EXPORTED], "next_cursor": None}),
    "get_export_file": Example(
        200, parameters={"export_id": _EXPORT_ID}, headers=("Content-Disposition",)
    ),
    "delete_export": Example(204, parameters={"export_id": _EXPORT_ID}),
}
