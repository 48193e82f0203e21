"""Rules of a running application whose webhooks go to a receiver of the test."""

from typing import Any

import httpx

from tests.support.http.receiver import Receiver
from tests.support.processes.running import App

RULES = "/v1/rules"
MERGE = "application/merge-patch+json"


def body(receiver: Receiver, **changes: Any) -> dict[str, Any]:
    """A rule that tells the receiver of sales; it is off, so that it sends nothing by itself."""
    return {
        "name": "Sales",
        "enabled": False,
        "what": {"kinds": ["stock_changed"], "reasons": ["sold"]},
        "recipients": [{"channel": "webhook", "address": receiver.url}],
    } | changes


def create(app: App, receiver: Receiver, **changes: Any) -> dict[str, Any]:
    answer = app.http.post(RULES, json=body(receiver, **changes))
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


def patch(app: App, rule: dict[str, Any], change: Any, etag: str | None = None) -> httpx.Response:
    """Send a merge patch, with the rule's own ETag unless another is given."""
    headers = {"If-Match": etag or f'"{rule["version"]}"', "Content-Type": MERGE}
    return app.http.patch(f"{RULES}/{rule['id']}", json=change, headers=headers)


def pointers(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {one["pointer"] for one in answer.json()["errors"]}


def trail(app: App) -> list[tuple[str, str]]:
    """Actions and rules of the admin trail, newest first."""
    rows = app.http.get("/v1/admin/log?limit=200").json()["items"]
    found = [(row["action"], row["after"] or row["before"]) for row in rows]
    return [
        (action, document.get("id") or document.get("rule"))
        for action, document in found
        if action.startswith("rule.")
    ]
