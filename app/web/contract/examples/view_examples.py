"""Each operation on saved views has one example; the tests send them after those on products."""

from collections.abc import Mapping

from app.web.contract.examples.example import Example

_NAME = {"name": "Damaged this year"}
_VIEW = {
    "name": "Damaged this year",
    "kind": "events",
    "q": "reason:damaged created:>=2026-01-01",
    "order": "newest",
}

# By operation id, in the order in which the tests send them.
VIEW_EXAMPLES: Mapping[str, Example] = {
    "put_view": Example(
        200,
        parameters=_NAME,
        body={"q": "reason:damaged created:>=2026-01-01", "order": "newest"},
        response=_VIEW,
    ),
    "get_view": Example(200, parameters=_NAME, response=_VIEW),
    "list_views": Example(200, response={"items": [_VIEW], "next_cursor": None}),
    "delete_view": Example(204, parameters=_NAME),
}
