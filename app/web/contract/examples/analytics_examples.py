"""Each trend has one example, of the tea shop after its first sale."""

from collections.abc import Mapping
from typing import Any

from app.web.contract.examples.example import Example, a_product

_ONE_DAY = {"range": "24h", "bucket": "day"}
_SERIES = {
    "since": "2026-11-20T00:00:00Z",
    "until": "2026-11-22T00:00:00Z",
    "bucket": "day",
    "timezone": "UTC",
    "recorded_since": "2026-11-21T08:00:00Z",
    "known_since": None,
    "as_of": "2026-11-21T08:15:00Z",
}
_YESTERDAY = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z"}
_TODAY = {"start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z"}
_SUM = {"unit": None, "changes": 2, "units_in": 40, "units_out": 2}
_TREND: dict[str, Any] = {
    "product_id": "TEA-1",
    "deleted": False,
    "product": a_product(stock=38, version=2, updated_at="2026-11-21T08:12:31.004Z"),
    "units_in": 40,
    "units_out": 2,
    "units_sold": 2,
    "last_sold_at": "2026-11-21T08:12:31Z",
    "days_left": 19.0,
}
_LIST = {
    "items": [_TREND],
    "next_cursor": None,
    "recorded_since": "2026-11-21T08:00:00Z",
    "known_since": None,
    "as_of": "2026-11-21T08:15:00Z",
}

# By operation id, in the order in which the tests send them.
ANALYTICS_EXAMPLES: Mapping[str, Example] = {
    "get_movement": Example(
        200,
        parameters=_ONE_DAY,
        response=_SERIES
        | {
            "items": [_YESTERDAY | {"sums": []}, _TODAY | {"sums": [_SUM]}],
            "reasons": [
                _SUM | {"kind": "inserted", "reason": None, "changes": 1, "units_out": 0},
                _SUM | {"kind": "stock_changed", "reason": "sold", "changes": 1, "units_in": 0},
            ],
            "categories": [_SUM | {"category": "Tea"}],
            "more_categories": 0,
        },
    ),
    "get_event_rate": Example(
        200,
        parameters=_ONE_DAY,
        response=_SERIES
        | {
            "items": [
                _YESTERDAY | {"events": 0, "outside": 0, "kinds": {}},
                _TODAY | {"events": 2, "outside": 0, "kinds": {"inserted": 1, "stock_changed": 1}},
            ]
        },
    ),
    "get_stock_value": Example(
        200,
        parameters=_ONE_DAY,
        response=_SERIES
        | {
            "currency": "EUR",
            "items": [
                {"at": "2026-11-20T00:00:00Z", "value": None},
                {"at": "2026-11-21T00:00:00Z", "value": None},
                {"at": "2026-11-21T08:15:00Z", "value": "262.2"},
            ],
        },
    ),
    "list_top_movers": Example(200, parameters={"range": "7d", "by": "moved"}, response=_LIST),
    "list_days_left": Example(200, parameters={"limit": 50}, response=_LIST),
    "list_not_sold": Example(200, parameters={"days": 90}, response=_LIST | {"items": []}),
}
