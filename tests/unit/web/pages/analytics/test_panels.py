"""Each cell opens a search that finds exactly the changes that the cell counts."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from app.core.events import REASONS
from app.readmodel.events.qualifiers import parse
from app.readmodel.trends import series
from app.readmodel.trends.contributions import QUARTER
from app.readmodel.trends.periods import BucketName, Period, period, quarter_of
from app.web.pages.analytics.bucket_labels import labels_of
from app.web.pages.analytics.movement_groups import GROUPS, group_search, of_unit
from app.web.pages.analytics.panels import AuditLinks, count_rows, movement_panel
from tests.unit.readmodel.trends.kit import ZONES, Shop

# What a change can be: its kind and reason, and whether it moves stock.
_KINDS: list[dict[str, Any]] = [
    *({"reason": reason} for reason in (*REASONS, None, "shoplifted")),
    {"kind": "inserted", "reason": None, "before": None, "stock_before": None},
    {"kind": "deleted", "reason": None, "after": None, "stock_after": None},
    {"kind": "updated", "reason": "counted", "stock_after": Decimal(100)},
]


def found_by(shop: Shop, href: str) -> int:
    """How many changes the Audit finds."""
    (q,) = parse_qs(urlsplit(href).query)["q"]
    total = shop.copy.event_lists.page(parse(q, shop.zone), 1, "newest", None, "exact").total
    assert total is not None
    return total.count


@pytest.mark.parametrize("name", ZONES)
def test_cell_counts_what_its_link_finds_when_clocks_are_set(tmp_path: Path, name: str) -> None:
    """Days of 23 and 25 hours, and zones that are half an hour off."""
    zone = ZoneInfo(name)
    for day in ZONES[name]:
        (tmp_path / f"{day}").mkdir()
        shop = Shop(tmp_path / f"{day}", zone)
        first, end = (quarter_of(day + timedelta(days=days), zone) for days in (-1, 2))
        with shop.copy.database:
            for number, quarter in enumerate(range(first, end, 2)):
                at = datetime.fromtimestamp(quarter * QUARTER + (0, 899)[number % 2], zone)
                shop.sale(at, 1 + number % 3, category=("Tea", 'A "B"')[number % 2],
                          **_KINDS[number % len(_KINDS)])  # fmt: skip
            buckets: tuple[BucketName, ...] = ("hour", "day", "week")
            ends = [datetime.combine(day + timedelta(n), time(), zone) for n in (-1, 2)]
            for bucket in buckets:
                check(shop, period(ends[0], ends[1], bucket, zone))


def check(shop: Shop, cut: Period) -> None:
    labels = labels_of(cut, datetime(2026, 11, 28, tzinfo=shop.zone).date())
    names = [label.long for label in labels]
    assert len(set(names)) == len(names)
    # The longer search has the shorter one's qualifiers.
    for category in ("", 'A "B"') if cut.bucket == "day" else ('A "B"',):
        links = AuditLinks("", category)
        with shop.reading() as connection:
            moved = series.movement(connection, cut, category or None, None)
            rates = series.event_rate(connection, cut, category or None)
        panel = movement_panel(moved, cut, labels, None, links)
        for group in panel.groups:
            counted = of_unit(moved.reasons, "")[group.key].changes
            assert found_by(shop, group.total.href) == counted, (group, cut)
        for row, cells, sums in zip(panel.rows, moved.cells, moved.buckets, strict=True):
            count = sum(one.changes for one in sums.values())
            assert found_by(shop, row.total.href) == count, (row, cut)
            of_group = of_unit(cells, "")
            shown = [key.key for key, cell in zip(panel.groups, row.cells, strict=True) if cell]
            assert Counter(shown) == Counter(of_group.keys())
            if cut.bucket == "day":
                for group, cell in zip(panel.groups, row.cells, strict=True):
                    if cell is not None:
                        assert found_by(shop, cell.href) == of_group[group.key].changes
        for counted_row, rate in zip(count_rows(rates, labels, links), rates, strict=True):
            assert found_by(shop, counted_row.href) == rate.events


def test_every_group_has_its_own_search() -> None:
    assert len({group_search(group) for group in GROUPS}) == len(GROUPS)


def test_search_that_is_too_long_for_the_audit_is_no_link() -> None:
    assert AuditLinks("", "x" * 490).to("created:2026-11-28") == ""
