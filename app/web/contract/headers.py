"""The contract lists every response header that is useful to a client.

No header is required in the contract: RateLimit, for example, is missing where no rate limit
applies (loopback clients of a server without keys).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.requests.parameters import MERGE_PATCH

_TEXT = {"type": "string"}

HEADERS: Mapping[str, dict[str, Any]] = {
    "ETag": {
        "description": "The current version of the product or rule. Send it as `If-Match` to "
        "change that, or, of a product, as `If-None-Match` to check whether it has changed. Of a "
        "file: send it as `If-Range` to continue a download.",
        "schema": _TEXT,
    },
    "Location": {
        "description": "The path of the product, rule, export or import.",
        "schema": _TEXT,
    },
    "Link": {"description": 'The next page (`rel="next"`).', "schema": _TEXT},
    "As-Of": {
        "description": "`as_of` of a list in CSV or NDJSON: it has every change that was audited "
        "up to this time.",
        "schema": _TEXT,
    },
    "Seen": {
        "description": "`seen` of a list in CSV or NDJSON: whether it has the write that the "
        "request names.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "Retry-After": {
        "description": "The number of seconds to wait before the next request.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "RateLimit": {
        "description": "What remains of the rate limit: `r` requests within the next `t` seconds.",
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": "The rate limit: `q` requests per `w` seconds.",
        "schema": _TEXT,
    },
    "Idempotent-Replayed": {
        "description": "`true` if this is the stored response to an earlier request with the same "
        "`Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Accept-Patch": {
        "description": "The content type that PATCH accepts.",
        "schema": _TEXT,
    },
    "Accept-Encoding": {
        "description": "`identity`: Content-Encoding is not supported.",
        "schema": _TEXT,
    },
    "WWW-Authenticate": {"description": "The authentication scheme to use.", "schema": _TEXT},
    "X-Request-Id": {
        "description": "The request's id. The server log has the request under this id.",
        "schema": _TEXT,
    },
}

_TAGGED = ("ProductOut'", "/RuleOut'", "/ListedRuleOut'")  # models of responses that have an ETag
_BY_STATUS: Mapping[int, tuple[str, ...]] = {
    201: ("ETag", "Location"),
    202: ("Location",),
    304: ("ETag",),
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    415: ("Accept-Encoding",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def add_headers(operation: dict[str, Any], *, public: bool) -> None:
    """Add the headers to each response of the operation."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    is_patch = MERGE_PATCH in operation.get("requestBody", {}).get("content", {})
    for status, response in operation["responses"].items():
        names = [*_names(int(status), response, parameters, public=public)]
        if is_patch and status == "415":
            names.append("Accept-Patch")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _names(
    status: int, response: Mapping[str, Any], parameters: set[str], *, public: bool
) -> Iterator[str]:
    yield "X-Request-Id"
    if not public and status != 421:  # a wrong host is rejected before any rate limit
        yield from ("RateLimit", "RateLimit-Policy")
    yield from _BY_STATUS.get(status, ())
    if status < 300 and "idempotency-key" in parameters:
        yield "Idempotent-Replayed"
    if status == 200 and "cursor" in parameters:
        yield "Link"
    if status == 200 and "seen" in parameters:
        yield from ("As-Of", "Seen")
    if status == 200 and any(name in str(response.get("content")) for name in _TAGGED):
        yield "ETag"
    if "'binary'" in str(response.get("content")):
        yield "ETag"
    if "too-much-contention" in str(response.get("content")):
        yield "Retry-After"
