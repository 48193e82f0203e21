"""Trends as the API returns them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from app.core.events import Kind, rfc3339
from app.core.numbers import digits, json_number
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.periods import BucketName, Period, start_of
from app.readmodel.trends.rankings import ProductTrend
from app.readmodel.trends.series import Movement, Rate, Sum
from app.web.schemas.outputs import Number, ProductOut, product_out

_AS_OF = (
    "The figures have every change that was audited up to this time (RFC 3339, UTC), and may lack "
    "later ones."
)
_RECORDED_SINCE = (
    "When the first quarter of an hour begins that has a recorded event; null if there is none. "
    "Earlier changes are not known."
)
_KNOWN_SINCE = (
    "The end of the newest quarter of an hour with an event that does not show what it changed, or "
    "null. Earlier movement and sales may be missing, and earlier stock values are null."
)
_NEXT_CURSOR = "Send it as `cursor` to get the next page; null on the last page."


class SumOut(BaseModel):
    """Changes of products with one unit, and what they moved."""

    unit: str | None = Field(description="The unit of the quantities; null if they have none.")
    changes: int = Field(description="How many changes moved stock.")
    units_in: Number = Field(description="The units that came in.")
    units_out: Number = Field(description="The units that went out.")


class MovementBucketOut(BaseModel):
    """What moved in one bucket."""

    start: str = Field(description="When the bucket begins (RFC 3339, UTC).")
    end: str = Field(description="When the next one begins.")
    sums: list[SumOut] = Field(description="One sum for each unit; none if nothing moved.")


class ReasonSumOut(SumOut):
    """What moved for one reason."""

    kind: Kind = Field(
        description="The kind of change: `inserted` brings a product's first stock in, `deleted` "
        "and `expired` take its last one out."
    )
    reason: str | None = Field(description="The reason that was sent with the changes.")


class CategorySumOut(SumOut):
    """What moved in one category."""

    category: str | None = Field(description="The category; null for products without one.")


class SeriesOut(BaseModel):
    """What all series have."""

    since: str = Field(description="When the first bucket begins (RFC 3339, UTC).")
    until: str = Field(description="When the last bucket ends.")
    bucket: BucketName = Field(description="The length of a bucket.")
    timezone: str = Field(description="The time zone of hours, days and weeks.")
    recorded_since: str | None = Field(description=_RECORDED_SINCE)
    known_since: str | None = Field(description=_KNOWN_SINCE)
    as_of: str = Field(description=_AS_OF)


class MovementOut(SeriesOut):
    """What came in and went out."""

    items: list[MovementBucketOut] = Field(description="The buckets, oldest first.")
    reasons: list[ReasonSumOut] = Field(description="The sums of the period by kind and reason.")
    categories: list[CategorySumOut] = Field(
        description="The sums of the period by category, for the 100 that moved most; empty with "
        "`category` or `reason`."
    )
    more_categories: int = Field(description="How many categories are left out.")


class RateOut(BaseModel):
    """The events of one bucket."""

    start: str = Field(description="When the bucket begins (RFC 3339, UTC).")
    end: str = Field(description="When the next one begins.")
    events: int = Field(description="How many events there were.")
    outside: int = Field(description="Those of changes made outside Stockpulse.")
    kinds: dict[str, int] = Field(description="How many there were of each kind.")


class EventRateOut(SeriesOut):
    """How many events there were."""

    items: list[RateOut] = Field(description="The buckets, oldest first.")


class ValueOut(BaseModel):
    """The value of the stock at one time."""

    at: str = Field(description="The time (RFC 3339, UTC).")
    value: str | None = Field(
        description="The sum of stock times price, as a decimal string; null if it is not known."
    )


class StockValueOut(SeriesOut):
    """The value of the stock over time."""

    currency: str = Field(description="The currency of the prices (ISO 4217).")
    items: list[ValueOut] = Field(
        description="The values at the start of each bucket, and at the end; oldest first."
    )


class ProductTrendOut(BaseModel):
    """A product and its sums."""

    product_id: str = Field(description="The product's id.")
    deleted: bool = Field(description="Whether the product was deleted.")
    product: ProductOut | None = Field(
        description="The product as it is now, or was last; null if that is not known."
    )
    units_in: Number = Field(description="The units that came in within the period.")
    units_out: Number = Field(description="The units that went out within the period.")
    units_sold: Number = Field(
        description="The units that changes with the reason `sold` took out, less those that they "
        "brought back."
    )
    last_sold_at: str | None = Field(
        description="The time of the last sale in the recorded history (RFC 3339, UTC)."
    )
    days_left: float | None = Field(
        description="For how many days the stock lasts at the rate of the last 30 days, or of "
        "those since the product's first event; null without a sale in them."
    )


class ProductTrendPageOut(BaseModel):
    """A page of products with their sums."""

    items: list[ProductTrendOut] = Field(description="The products.")
    next_cursor: str | None = Field(description=_NEXT_CURSOR)
    recorded_since: str | None = Field(description=_RECORDED_SINCE)
    known_since: str | None = Field(description=_KNOWN_SINCE)
    as_of: str = Field(description=_AS_OF)


def series_out(period: Period, known: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A series as JSON values: what all have, with `known_out`, and `more`."""
    return {
        "since": rfc3339(start_of(period.first)),
        "until": rfc3339(start_of(period.end)),
        "bucket": period.bucket,
        "timezone": period.zone.key,
        **known,
        **more,
    }


def known_out(
    recorded_since: datetime | None, known_since: datetime | None, as_of: datetime
) -> dict[str, Any]:
    """Of which time the figures know every change."""
    return {
        "recorded_since": None if recorded_since is None else rfc3339(recorded_since),
        "known_since": None if known_since is None else rfc3339(known_since),
        "as_of": rfc3339(as_of.replace(microsecond=0)),
    }


def movement_out(period: Period, found: Movement) -> dict[str, Any]:
    """The fields of `MovementOut`."""
    return {
        "items": [
            {**span, "sums": list(_sums(sums))}
            for span, sums in zip(_spans(period), found.buckets, strict=True)
        ],
        "reasons": [
            {"kind": kind, "reason": reason or None, **one}
            for (kind, reason), sums in sorted(found.reasons.items())
            for one in _sums(sums)
        ],
        "categories": [
            {"category": category or None, **one}
            for category, sums in found.categories.items()
            for one in _sums(sums)
        ],
        "more_categories": found.more_categories,
    }


def rates_out(period: Period, rates: Iterable[Rate]) -> dict[str, Any]:
    """The fields of `EventRateOut`."""
    return {
        "items": [
            {**span, "events": rate.events, "outside": rate.outside, "kinds": rate.kinds}
            for span, rate in zip(_spans(period), rates, strict=True)
        ]
    }


def values_out(points: Iterable[tuple[datetime, Decimal | None]], currency: str) -> dict[str, Any]:
    """The fields of `StockValueOut`."""
    return {
        "currency": currency,
        "items": [
            {"at": rfc3339(at), "value": None if value is None else digits(value)}
            for at, value in points
        ],
    }


def trend_out(trend: ProductTrend) -> dict[str, Any]:
    """A product's sums as JSON values."""
    return {
        "product_id": trend.product_id if trend.product is None else trend.product.product_id,
        "deleted": trend.deleted,
        "product": None if trend.product is None else product_out(trend.product),
        "units_in": json_number(trend.units_in),
        "units_out": json_number(trend.units_out),
        "units_sold": json_number(trend.units_sold),
        "last_sold_at": None if trend.last_sold is None else rfc3339(trend.last_sold),
        "days_left": None if trend.days_left is None else round(trend.days_left, 2),
    }


def _spans(period: Period) -> list[dict[str, str]]:
    return [
        {"start": rfc3339(start_of(start)), "end": rfc3339(start_of(end))}
        for start, end in period.spans
    ]


def _sums(sums: Mapping[str, Sum]) -> Iterable[dict[str, Any]]:
    for unit, one in sorted(sums.items()):
        yield {
            "unit": unit or None,
            "changes": one.changes,
            "units_in": json_number(number_from(one.units_in)),
            "units_out": json_number(number_from(one.units_out)),
        }
