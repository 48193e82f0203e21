"""What a rule wants: any of what it names, restricted by all that it gives."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES as NAMES
from app.core.rules.rule import What, Wording
from app.notifications.matching import selects, wants
from app.notifications.notice import Notice
from app.notifications.sources import with_item
from tests.support.builders import NOON, NOON_MS, an_event, an_item
from tests.unit.notifications.rules.builders import a_rule, told

GAP_OF_A_SHARD = an_event(
    kind="gap", product_id="\0shard-1", before=None, after=None, stock_before=None, stock_after=None
)
DELETED = an_event(kind="deleted", after=None, stock_after=None)
LOW = Notice("t1", "low", NOON, NOON_MS, "P1", "Blue mug", "Kitchen", Decimal(3), Decimal(5))
TROUBLE = Notice("t2", "trouble", NOON, NOON_MS, text="The webhook has stopped.")


@pytest.mark.parametrize(
    ("what", "is_wanted"),
    [
        ({}, True),
        ({"kinds": ("stock_changed",)}, True),
        ({"kinds": ("deleted",)}, False),
        ({"alerts": ("low",)}, False),
        ({"trouble": True}, False),
        ({"trouble": True, "kinds": ("stock_changed",)}, True),
        ({"product_ids": ("P1", "P2")}, True),
        ({"product_ids": ("P2",)}, False),
        ({"categories": ("Kitchen",)}, True),
        ({"categories": ("kitchen",)}, False),
        ({"actors": ("ada",)}, True),
        ({"actors": ("bob", "outside")}, False),
        ({"reasons": ("sold", "lost")}, True),
        ({"reasons": ("lost",)}, False),
        ({"min_delta": Decimal(3)}, True),
        ({"min_delta": Decimal("3.5")}, False),
        ({"crosses": Decimal(11)}, True),
        ({"crosses": Decimal(9)}, True),
        ({"crosses": Decimal(12)}, False),
        ({"crosses": Decimal(8)}, False),
        ({"search": "q=mu+blue"}, True),
        ({"search": "q=jug"}, False),
        ({"search": "category=Kitchen&max_stock=9"}, True),
        ({"search": "category=Kitchen&max_stock=8"}, False),
        ({"search": "q=%22%27+OR+1%3D1&tag="}, False),
        ({"reasons": ("sold",), "categories": ("Garden",)}, False),
    ],
)
def test_a_sale_is_wanted_if_all_restrictions_hold(what: dict[str, Any], is_wanted: bool) -> None:  # noqa: FBT001
    sale = told(stock_before=Decimal(12), stock_after=Decimal(9))
    assert selects(What(**what), sale) is is_wanted


def test_a_change_from_outside_is_wanted_by_that_name() -> None:
    assert selects(What(actors=("outside",)), told(actor=None, reason=None))


def test_a_level_is_crossed_upwards_too_and_never_by_a_new_product() -> None:
    what = What(crosses=Decimal(10))
    assert selects(what, told(stock_before=9, stock_after=12))
    assert not selects(what, told(kind="inserted", before=None, stock_before=None))
    assert not selects(what, told(DELETED))


def test_a_deleted_product_is_found_by_its_last_image() -> None:
    assert selects(What(kinds=("deleted",), search="q=mug"), told(DELETED))
    assert selects(What(min_delta=Decimal(12)), told(DELETED))


def test_gaps_are_told_only_to_who_names_them() -> None:
    gap = told(GAP_OF_A_SHARD)
    assert (gap.product_id, bool(gap.text)) == ("", True)
    assert not selects(What(), gap)
    # It may concern any product, so that restrictions of products do not hide it.
    assert selects(What(kinds=("gap",), categories=("Garden",), search="q=jug"), gap)


def test_alerts_are_restricted_by_product_but_not_by_who_changed_it() -> None:
    assert selects(What(alerts=("low",)), LOW)
    assert not selects(What(alerts=("out", "back_in_stock")), LOW)
    assert not selects(What(kinds=("stock_changed",)), LOW)
    both = What(kinds=("stock_changed",), alerts=("low",), reasons=("lost",), min_delta=Decimal(9))
    assert selects(both, LOW)
    assert not selects(both, told())
    assert not selects(What(alerts=("low",), categories=("Garden",)), LOW)
    assert selects(What(alerts=("low",), search="q=mug&max_stock=3"), LOW)


def test_an_alert_with_its_item_is_found_by_all_that_lists_find() -> None:
    item = an_item(ProductName="Blue mug", Stock=3, Category="Tea", Barcode="4006381333931")
    alert = with_item(replace(LOW, category=""), item, NAMES)
    assert selects(What(alerts=("low",), categories=("Tea",), search="q=33393"), alert)
    assert with_item(LOW, None, NAMES) == LOW  # the product is gone


def test_trouble_is_wanted_whatever_the_products() -> None:
    assert selects(What(trouble=True, categories=("Garden",)), TROUBLE)
    assert not selects(What(), TROUBLE)


def test_a_change_from_before_the_rule_is_not_wanted_even_if_it_arrives_later() -> None:
    rule = a_rule(since=NOON_MS, created_at="2026-11-03T12:00:00.900Z")
    late = NOON_MS + 60_000  # a worker read the stream's history after the rule was made
    assert wants(rule, told(an_event(occurred_at=NOON), at_ms=late)), "rounded to a second"
    assert not wants(rule, told(an_event(occurred_at=NOON - timedelta(seconds=5)), at_ms=late))
    later = replace(rule, created_at="2026-11-03T12:00:50Z")
    assert wants(later, told(an_event(occurred_at=NOON), at_ms=late)), "rounded to a minute"
    assert not wants(later, told(an_event(occurred_at=NOON - timedelta(minutes=1)), at_ms=late))
    found = an_event(kind="reconciled", occurred_at=NOON - timedelta(seconds=5))
    assert wants(rule, told(found, at_ms=late)), "its time is by another clock"


def test_a_notice_follows_the_wording_of_its_time() -> None:
    former = (Wording(NOON_MS - 100, What(kinds=("deleted",))),)
    rule = a_rule(What(kinds=("stock_changed",)), since=NOON_MS, former=former)
    assert wants(rule, told(at_ms=NOON_MS))
    assert not wants(rule, told(at_ms=NOON_MS - 1))
    assert wants(rule, told(DELETED, at_ms=NOON_MS - 1))
    assert not wants(rule, told(DELETED, at_ms=NOON_MS - 101))  # it did not exist
    assert not wants(replace(rule, enabled=False), told(at_ms=NOON_MS))
