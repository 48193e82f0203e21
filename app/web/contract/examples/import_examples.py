"""The examples of imports: a file with two teas is compared, written and taken back."""

from collections.abc import Mapping
from typing import Any

from app.web.contract.examples.example import Example

_ID = "5f2a9c0d1e3b4a76"
_FILE = "SKU;Name;Price\r\nASSAM-1;Assam, 100 g;7,20\r\nASSAM-2;Assam, 250 g;6,40\r\n"


def _import(**changes: Any) -> dict[str, Any]:
    return {
        "id": _ID,
        "filename": "prices.csv",
        "state": "reading",
        "detail": None,
        "about": "",
        "sheet": None,
        "sheets": [],
        "columns": [],
        "decimal": None,
        "create": 0,
        "change": 0,
        "unchanged": 0,
        "refused": 0,
        "fields": {},
        "written": 0,
        "not_written": 0,
        "undone": 0,
        "kept": 0,
        "rows_done": 0,
        "rows_total": 0,
        "actor": "local",
        "created_at": "2026-11-21T20:00:00.250Z",
        "began_at": None,
        **changes,
    }


_COMPARED = {
    "about": "CSV, UTF-8, semicolons",
    "columns": [
        {"name": "SKU", "field": "product_id"},
        {"name": "Name", "field": "name"},
        {"name": "Price", "field": "price"},
    ],
    "decimal": ",",
    "create": 2,
    "fields": {"name": 2, "stock": 2, "price": 2},
    "rows_done": 2,
    "rows_total": 2,
}
_READY = _import(state="ready", **_COMPARED)
_BEGAN = {"began_at": "2026-11-21T20:01:00.120Z"}
_RUNNING = _import(**_COMPARED | _BEGAN | {"state": "running", "rows_done": 0})
_UNDOING = _import(**_COMPARED | _BEGAN | {"state": "undoing", "rows_done": 0, "written": 2})
_NAMED = {"import_id": _ID}

IMPORT_EXAMPLES: Mapping[str, Example] = {
    "create_import": Example(
        202,
        parameters={"filename": "prices.csv"},
        body=_FILE,
        response=_import(),
        headers=("Location",),
    ),
    "get_import": Example(200, parameters=_NAMED, response=_READY),
    "list_imports": Example(200, response={"items": [_READY], "next_cursor": None}),
    "list_import_rows": Example(
        200,
        parameters=_NAMED | {"show": "create", "limit": 1},
        response={
            "items": [
                {
                    "row": 2,
                    "product_id": "ASSAM-1",
                    "action": "create",
                    "changes": [
                        {"field": "name", "before": "", "after": "Assam, 100 g"},
                        {"field": "stock", "before": "", "after": "0"},
                        {"field": "price", "before": "", "after": "7.2"},
                    ],
                    "outcome": "",
                    "reason": None,
                }
            ],
            "next_cursor": "2",
        },
    ),
    "start_import": Example(202, parameters=_NAMED, response=_RUNNING),
    "undo_import": Example(202, parameters=_NAMED, response=_UNDOING),
    "delete_import": Example(204, parameters=_NAMED),
}
