"""Every header that an operation's answer can carry, and a program can use, is in its contract.

Where a caller has no budget (at the machine of an open server) RateLimit is left out, so no
header is promised; each that is sent is named.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.requests.parameters import MERGE_PATCH

_TEXT = {"type": "string"}

HEADERS: Mapping[str, dict[str, Any]] = {
    "ETag": {"description": "The state of the product, for `If-Match`.", "schema": _TEXT},
    "Location": {"description": "Where the product is.", "schema": _TEXT},
    "Link": {"description": '`rel="next"`: the next page.', "schema": _TEXT},
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "RateLimit": {
        "description": "What is left of the budget: `r` requests, in the next `t` seconds.",
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": "The budget: `q` requests in `w` seconds.",
        "schema": _TEXT,
    },
    "Idempotent-Replayed": {
        "description": "`true` where the answer is an earlier one's, found by its key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Accept-Patch": {"description": "The type of patch that is read.", "schema": _TEXT},
    "Accept-Encoding": {"description": "How the body may be packed: not.", "schema": _TEXT},
    "WWW-Authenticate": {"description": "How to show a key.", "schema": _TEXT},
    "X-Request-Id": {"description": "What the log has the request under.", "schema": _TEXT},
}

_BY_STATUS: Mapping[int, tuple[str, ...]] = {
    201: ("ETag", "Location"),
    304: ("ETag",),
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    415: ("Accept-Encoding",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def name_headers(operation: dict[str, Any], *, public: bool) -> None:
    """Name them on each of the operation's answers."""
    taken = {parameter["name"] for parameter in operation.get("parameters", [])}
    is_patch = MERGE_PATCH in operation.get("requestBody", {}).get("content", {})
    for status, answer in operation["responses"].items():
        names = [*_names(int(status), answer, taken, public=public)]
        if is_patch and status == "415":
            names.append("Accept-Patch")
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _names(
    status: int, answer: Mapping[str, Any], taken: set[str], *, public: bool
) -> Iterator[str]:
    yield "X-Request-Id"
    if not public and status != 421:  # a wrong host is refused before anybody's budget
        yield from ("RateLimit", "RateLimit-Policy")
    yield from _BY_STATUS.get(status, ())
    if status < 300 and "idempotency-key" in taken:
        yield "Idempotent-Replayed"
    if status == 200 and "cursor" in taken:
        yield "Link"
    if status == 200 and "ProductOut'" in str(answer.get("content")):
        yield "ETag"
    if "too-much-contention" in str(answer.get("content")):
        yield "Retry-After"
