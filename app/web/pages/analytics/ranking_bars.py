"""The bars of the lists of products: each leads to the changes of its product. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.core.numbers import quantity
from app.readmodel.trends.periods import Period
from app.readmodel.trends.rankings import Measure, ProductTrend
from app.web.pages.analytics.panels import AuditLinks


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: where it begins and how long it is, in percent of the longest bar.

    `group` chooses its colour; a part that is `unknown` has no known end, and is drawn empty.
    """

    group: str
    start: str
    share: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A product with its figure in words; `href` is empty if the search would be too long."""

    name: str
    words: str
    parts: Sequence[Part]
    href: str


def mover_bars(
    movers: Sequence[ProductTrend], by: Measure, period: Period, to: AuditLinks
) -> list[Bar]:
    """What was sold, came in, went out, or both, of each product."""
    amounts = [_amounts(one, by) for one in movers]
    longest = max((sum(amount for _, amount in some) for some in amounts), default=0)
    return [
        Bar(
            _name(one),
            _words(one, some),
            _parts(some, longest),
            to.of_product(one.product_id, period),
        )
        for one, some in zip(movers, amounts, strict=True)
    ]


def idle_bars(idle: Sequence[ProductTrend], now: datetime, to: AuditLinks) -> list[Bar]:
    """For how many days each product was not sold; those without any sale have no known end."""
    days = [None if one.last_sold is None else (now - one.last_sold).days for one in idle]
    longest = max((one for one in days if one is not None), default=0)
    return [
        Bar(
            _name(one),
            "no sale recorded" if count is None else f"{count:,} day{'' if count == 1 else 's'}",
            [Part("unknown", "0", "100")]
            if count is None
            else _parts([("none", Decimal(count))], longest),
            to.of_product_ever(one.product_id),
        )
        for one, count in zip(idle, days, strict=True)
    ]


def _amounts(one: ProductTrend, by: Measure) -> list[tuple[str, Decimal]]:
    sold, came, went = ("sold", one.units_sold), ("received", one.units_in), ("sold", one.units_out)
    found = {"sold": [sold], "in": [came], "out": [went], "moved": [came, went]}
    return found[by]


def _words(one: ProductTrend, amounts: Sequence[tuple[str, Decimal]]) -> str:
    unit = one.product.unit if one.product else None
    if len(amounts) == 1:
        return quantity(amounts[0][1], unit)
    signed = zip("+−", amounts, strict=True)
    return " ".join(f"{sign}{quantity(amount, unit)}" for sign, (_, amount) in signed if amount)


def _parts(amounts: Sequence[tuple[str, Decimal]], longest: Decimal | int) -> list[Part]:
    parts, start = [], 0.0
    for group, amount in amounts:
        share = 100 * float(amount) / float(longest) if longest else 0.0
        if share:
            parts.append(Part(group, f"{start:.2f}", f"{share:.2f}"))
        start += share
    return parts


def _name(one: ProductTrend) -> str:
    return one.product.name if one.product and one.product.name else one.product_id
