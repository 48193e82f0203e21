"""A bar is as long as its figure, in words and in percent of the longest one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from app.readmodel.trends.periods import period
from app.readmodel.trends.rankings import Measure, ProductTrend
from app.web.pages.analytics.panels import AuditLinks
from app.web.pages.analytics.ranking_bars import Part, idle_bars, mover_bars

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAYS = period(NOW - timedelta(days=7), NOW, "day", ZoneInfo("UTC"))
LINKS = AuditLinks("/shop", "")


def trend(
    product_id: str, came: int = 0, went: int = 0, sold: int = 0, **more: Any
) -> ProductTrend:
    return ProductTrend(
        product_id=product_id,
        deleted=False,
        product=None,
        units_in=Decimal(came),
        units_out=Decimal(went),
        units_sold=Decimal(sold),
        last_sold=more.get("last_sold"),
        days_left=None,
    )


@pytest.mark.parametrize(
    ("by", "words", "parts"),
    [
        ("sold", ["8", "2"], [[("sold", "0.00", "100.00")], [("sold", "0.00", "25.00")]]),
        ("in", ["0", "4"], [[], [("received", "0.00", "100.00")]]),
        ("out", ["10", "3"], [[("sold", "0.00", "100.00")], [("sold", "0.00", "30.00")]]),
        (
            "moved",
            ["−10", "+4 −3"],
            [
                [("sold", "0.00", "100.00")],
                [("received", "0.00", "40.00"), ("sold", "40.00", "30.00")],
            ],
        ),
    ],
)
def test_movers_are_measured_as_their_list_is_sorted(
    by: Measure, words: list[str], parts: list[list[tuple[str, str, str]]]
) -> None:
    movers = [trend("A", went=10, sold=8), trend("B", came=4, went=3, sold=2)]
    bars = mover_bars(movers, by, DAYS, LINKS)
    assert [bar.words for bar in bars] == words
    assert [bar.parts for bar in bars] == [[Part(*one) for one in some] for some in parts]


def test_bar_leads_to_the_changes_of_its_product() -> None:
    mover, nothing = mover_bars([trend("A b", sold=1), trend("x" * 3000)], "sold", DAYS, LINKS)
    path, query = urlsplit(mover.href).path, parse_qs(urlsplit(mover.href).query)["q"][0]
    assert path == "/shop/audit"
    assert 'product:"A b"' in query
    assert "created:2026-11-2" in query
    assert nothing.href == ""  # its search would be too long
    assert nothing.name == "x" * 3000  # the page shortens it, as it does in the table
    (idle,) = idle_bars([trend("A b")], NOW, LINKS)
    assert parse_qs(urlsplit(idle.href).query)["q"] == ['product:"A b"']


def test_days_without_a_sale_are_a_bar_and_a_product_without_any_has_no_end() -> None:
    ago = [None, NOW - timedelta(days=40, hours=3), NOW - timedelta(days=1)]
    bars = idle_bars([trend("A", last_sold=one) for one in ago], NOW, LINKS)
    assert [bar.words for bar in bars] == ["no sale recorded", "40 days", "1 day"]
    assert [[(part.group, part.share) for part in bar.parts] for bar in bars] == [
        [("unknown", "100")],
        [("none", "100.00")],
        [("none", "2.50")],
    ]
