"""The tables of the Analytics page; rows, cells and groups lead to their changes. Pure.

The charts are drawn from these tables, so both have the same figures and the same links.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from app.core.numbers import difference
from app.readmodel.trends.contributions import number_from
from app.readmodel.trends.periods import Period
from app.readmodel.trends.series import Movement, Rate, Sum, Unit
from app.store.access.saved_views import View
from app.web.pages.analytics.bucket_labels import BucketLabel, created
from app.web.pages.analytics.movement_groups import (
    GROUPS,
    MOVING,
    by_unit,
    group_search,
    group_word,
    of_unit,
)
from app.web.pages.audit.audit_place import AuditPlace
from app.web.pages.audit.query_text import toggled
from app.web.schemas.view_models import Q_LENGTH


@dataclass(frozen=True, slots=True)
class AuditLinks:
    """Makes addresses of the Audit page that keep the chosen category."""

    base: str
    category: str

    def to(self, *conditions: str) -> str:
        """The address of a search with these conditions; empty if it is too long for one."""
        q = " ".join(filter(None, conditions))
        if self.category:
            q = toggled(q, "category", self.category, negated=False)
        return (
            AuditPlace(f"{self.base}/audit", View("", "", "newest")).of(q)
            if len(q) <= Q_LENGTH
            else ""
        )

    def of_product(self, product_id: str, period: Period) -> str:
        """The address of what moved one product in the period."""
        q = toggled(
            created(period.first, period.end, period.zone), "product", product_id, negated=False
        )
        return self.to(q, MOVING)

    def of_product_ever(self, product_id: str) -> str:
        """The address of all changes of one product."""
        return self.to(toggled("", "product", product_id, negated=False))


@dataclass(frozen=True, slots=True)
class Amount:
    """Units in and out, and where their changes are."""

    up: Decimal
    down: Decimal
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """One reason, with its sum in the period."""

    key: str
    word: str
    total: Amount


@dataclass(frozen=True, slots=True)
class MovementRow:
    """What moved in one bucket: together, and for each group or None."""

    label: BucketLabel
    total: Amount
    cells: Sequence[Amount | None]


@dataclass(frozen=True, slots=True)
class MovementPanel:
    """The movement of one unit by reason; `units` are those that there are."""

    unit: Unit
    units: Sequence[Unit]
    groups: Sequence[Group]
    rows: Sequence[MovementRow]


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many changes a bucket has, and how many of them were made outside Stockpulse."""

    label: BucketLabel
    events: int
    outside: int
    href: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """The value of the stock when a bucket ends, and by how much it changed; None if not known."""

    label: BucketLabel
    value: Decimal | None
    change: Decimal | None
    href: str


def movement_panel(
    found: Movement,
    period: Period,
    labels: Iterable[BucketLabel],
    unit: Unit | None,
    to: AuditLinks,
) -> MovementPanel:
    """The movement of a unit; of that with the most changes if it is None or nothing has it."""
    units = by_unit(found.reasons)
    if unit not in units:
        unit = next(iter(units), "")
    sums = of_unit(found.reasons, unit)
    keys = [key for key in GROUPS if key in sums]
    whole = created(period.first, period.end, period.zone)
    groups = [
        Group(key, group_word(key), _amount(sums[key], to.to(whole, group_search(key))))
        for key in keys
    ]
    rows = []
    for label, cells in zip(labels, found.cells, strict=True):
        of_group = of_unit(cells, unit)
        rows.append(
            MovementRow(
                label,
                _amount(_total(of_group), to.to(label.created, MOVING)),
                [
                    _amount(of_group[key], to.to(label.created, group_search(key)))
                    if key in of_group
                    else None
                    for key in keys
                ],
            )
        )
    return MovementPanel(unit, list(units), groups, rows)


def count_rows(
    rates: Iterable[Rate], labels: Iterable[BucketLabel], to: AuditLinks
) -> list[CountRow]:
    """The event rate."""
    return [
        CountRow(label, rate.events, rate.outside, to.to(label.created))
        for label, rate in zip(labels, rates, strict=True)
    ]


def value_rows(
    values: Sequence[tuple[datetime, Decimal | None]],
    labels: Iterable[BucketLabel],
    to: AuditLinks,
) -> list[ValueRow]:
    """The value of the stock: a row's change is what its bucket's changes did to it."""
    return [
        ValueRow(
            label,
            now,
            None if now is None or before is None else difference(now, before),
            to.to(label.created),
        )
        for label, ((_, before), (_, now)) in zip(labels, pairwise(values), strict=True)
    ]


def _total(sums: Mapping[str, Sum]) -> Sum:
    found = Sum()
    for one in sums.values():
        found.add(one.changes, one.units_in, one.units_out)
    return found


def _amount(one: Sum, href: str) -> Amount:
    return Amount(number_from(one.units_in), number_from(one.units_out), href)
