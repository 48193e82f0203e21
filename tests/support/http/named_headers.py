"""A response has only those of the contract's headers that its operation declares for it."""

from collections.abc import Iterable, Mapping
from typing import Any

BUDGET = {"ratelimit", "ratelimit-policy"}
BEFORE_BUDGETS = {421}
PROBES = {"/healthz", "/readyz"}


def check_headers(
    contract: Mapping[str, Any],
    method: str,
    path: str,
    status: int,
    headers: Iterable[str],
) -> None:
    """Check a response's headers against the contract, where callers are rate limited."""
    known = {name.lower() for name in contract["components"]["headers"]}
    answers = contract["paths"][path][method.lower()]["responses"]
    if str(status) not in answers:  # the method is not the operation's (405)
        return
    named = {name.lower() for name in answers[str(status)]["headers"]}
    sent = {name.lower() for name in headers} & known
    unnamed = sent - named
    assert not unnamed, f"{status} has undeclared headers {unnamed}"
    if path not in PROBES and status not in BEFORE_BUDGETS:
        assert sent >= BUDGET, f"{status} lacks the RateLimit headers"
    always = {429: "retry-after", 503: "retry-after", 401: "www-authenticate", 412: "etag"}
    assert status not in always or always[status] in sent, f"{status} without {always[status]}"
