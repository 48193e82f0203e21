"""Each operation on rules has one example; a test sends them in this order."""

from collections.abc import Mapping
from typing import Any

from app.core.events import event_id
from app.web.contract.examples.example import Example

ADDRESS = "https://shop.example/stockpulse"
_ID = "19ab7c0d3fe9a41c2"
_RECIPIENT = "f2a5f0f3b8c9d7e1"
_EVENT = event_id("TEA-1", "2026-11-21T07:00:00.000#" + "2".zfill(40))
_DELIVERY = "1795248753004-f2a5f0f3b8c9d7e1-9d2c4b1a0e8f7361"
_NAMED = {"rule_id": _ID}
_OF_RECIPIENT = {"rule_id": _ID, "recipient_id": _RECIPIENT}
_SENT = f"{ADDRESS} answered 204 No Content in 41 ms"
_KEY = {"idempotency-key": "rule-1"}

_WHAT = {
    "kinds": ["stock_changed", "deleted"],
    "alerts": ["out"],
    "trouble": False,
    "product_ids": [],
    "categories": ["Tea"],
    "actors": [],
    "reasons": [],
    "min_delta": None,
    "crosses": None,
    "search": "",
}
_WHEN = {"mode": "at_once", "minutes": 15, "at": "08:00", "quiet_from": None, "quiet_to": None}
_DIGEST = _WHEN | {"mode": "digest", "minutes": 30, "quiet_from": "22:00", "quiet_to": "07:00"}


def _recipient(**changes: Any) -> dict[str, Any]:
    return {
        "id": _RECIPIENT,
        "channel": "webhook",
        "address": ADDRESS,
        "state": "active",
        "why": None,
        "generation": 1,
        "rotated_at": None,
        **changes,
    }


def _rule(**changes: Any) -> dict[str, Any]:
    return {
        "id": _ID,
        "name": "Tea",
        "enabled": True,
        "what": _WHAT,
        "when": _WHEN,
        "recipients": [_recipient()],
        "version": 1,
        "created_by": "local",
        "created_at": "2026-11-21T08:10:00.250Z",
        "since": "2026-11-21T08:10:00.250Z",
        **changes,
    }


def _listed() -> dict[str, Any]:
    health = {
        "last_delivered_at": None,
        "last_failed_at": None,
        "last_failure": None,
        "waiting": 0,
        "behind_since": None,
    }
    return _rule(built_in=False, filter=None, health=health)


_CHANGED = _rule(when=_DIGEST, version=2)
_ROTATED = _recipient(generation=2, rotated_at="2026-11-21T09:00:00.100Z")

_LINE = {
    "id": _DELIVERY,
    "at": "2026-11-21T08:12:33.004Z",
    "outcome": "delivered",
    "answer": _SENT,
    "recipient_id": _RECIPIENT,
    "channel": "webhook",
    "address": ADDRESS,
    "message_id": _EVENT,
    "tries": 1,
    "took_ms": 41,
    "is_digest": False,
    "told": [{"id": _EVENT, "kind": "stock_changed"}],
    "folded": 0,
    "is_test": False,
}
_TEST_LINE = {**_LINE, "message_id": "test_5d0c9f2f1f6e4a0b8f0e7a3c1b2d4e6f", "told": []} | {
    "id": "1795248780011-f2a5f0f3b8c9d7e1-0c6f4be1d7a29358",
    "at": "2026-11-21T08:13:00.011Z",
    "is_test": True,
}

# By operation id, in the order in which the tests send them.
RULE_EXAMPLES: Mapping[str, Example] = {
    "create_rule": Example(
        201,
        parameters=_KEY,
        body={
            "name": "Tea",
            "what": {
                "kinds": ["stock_changed", "deleted"],
                "alerts": ["out"],
                "categories": ["Tea"],
            },
            "recipients": [{"channel": "webhook", "address": ADDRESS}],
        },
        response=_rule(),
        headers=("ETag", "Location"),
    ),
    "get_rule": Example(200, parameters=_NAMED, response=_listed(), headers=("ETag",)),
    "list_rules": Example(
        200, response={"items": [_listed()], "next_cursor": None, "unreadable": []}
    ),
    "patch_rule": Example(
        200,
        parameters=_NAMED | {"if-match": '"1"'},
        body={
            "when": {
                "mode": "digest",
                "minutes": 30,
                "quiet_from": "22:00",
                "quiet_to": "07:00",
            }
        },
        response=_CHANGED,
        headers=("ETag",),
    ),
    "send_rule_test": Example(
        200,
        parameters=_NAMED,
        response={
            "items": [
                {
                    "recipient_id": _RECIPIENT,
                    "channel": "webhook",
                    "address": ADDRESS,
                    "accepted": True,
                    "answer": _SENT,
                }
            ]
        },
    ),
    "preview_rule": Example(
        200,
        parameters=_NAMED,
        response={
            "since": "2026-11-14T08:15:00Z",
            "until": "2026-11-21T08:15:00Z",
            "total": 1,
            "messages": 1,
            "items": [
                {
                    "id": _EVENT,
                    "kind": "stock_changed",
                    "at": "2026-11-21T08:12:31Z",
                    "product_id": "TEA-1",
                    "product_name": "Earl Grey, 100 g",
                    "category": "Tea",
                    "stock": 8,
                    "actor": "local",
                    "text": None,
                }
            ],
        },
    ),
    "list_deliveries": Example(
        200,
        parameters=_NAMED | {"limit": 50},
        response={"items": [_TEST_LINE, _LINE], "next_cursor": None},
    ),
    "resend_delivery": Example(
        200,
        parameters=_NAMED | {"delivery_id": _DELIVERY},
        response={**_LINE, "tries": 2},
    ),
    "rotate_secret": Example(
        200,
        parameters=_OF_RECIPIENT,
        response=_CHANGED | {"recipients": [_ROTATED], "version": 3},
        headers=("ETag",),
    ),
    "get_secret": Example(
        200,
        parameters=_OF_RECIPIENT,
        response={
            "recipient_id": _RECIPIENT,
            "generation": 2,
            "secret": "whsec_mM1q0nX0rj1sO6o8nJk2h3R0w0pD5x4bq8yQm3mYc1E=",
        },
    ),
    "enable_recipient": Example(
        200,
        parameters=_OF_RECIPIENT,
        response=_CHANGED | {"recipients": [_ROTATED], "version": 3},
        headers=("ETag",),
    ),
    "delete_rule": Example(204, parameters=_NAMED | {"if-match": '"3"'}),
}
