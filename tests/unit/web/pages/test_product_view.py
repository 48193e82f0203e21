"""The page of a product keeps its view in its address, and shows how fields differ."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.store.products.model import Product, product_of
from app.web.errors import InvalidRequest
from app.web.pages.product.field_diffs import (
    FieldDiff,
    diffs_of,
    is_restorable,
    text_of_value,
    versions_differ,
)
from app.web.pages.product.product_view import ProductView, axis_begin, moment_of, written
from tests.support.builders import an_event, an_item

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_address_has_what_differs_from_a_new_view() -> None:
    view = ProductView(product_id="a b", range="7d")
    assert ProductView(product_id="a b").query() == "id=a+b"
    assert view.query(tab="stock") == "id=a+b&range=7d&tab=stock"
    assert view.query(range="30d") == "id=a+b"
    assert view.hidden("range") == {"id": "a b"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", "2026-11-20T22:59:59.999000+00:00"),  # a day in Berlin ends at 23:00 UTC
        ("2026-11-20T10:30", "2026-11-20T09:30:59.999000+00:00"),
        ("2026-11-20T10:30:15", "2026-11-20T09:30:15.999000+00:00"),
        ("2026-11-20T10:30:15Z", "2026-11-20T10:30:15.999000+00:00"),
        ("2026-11-28", "2026-11-28T12:00:00+00:00"),  # today ends now
    ],
)
def test_moment_is_the_last_of_what_was_written(text: str, moment: str) -> None:
    assert moment_of("at", text, BERLIN, NOW) == datetime.fromisoformat(moment)


def test_moment_is_none_if_empty_and_refused_if_wrong_or_in_the_future() -> None:
    assert moment_of("at", "", BERLIN, NOW) is None
    for wrong in ("yesterday", "2026-02-30", "2026-11-29", "2026-11-28T13:01"):
        with pytest.raises(InvalidRequest) as refused:
            moment_of("at", wrong, BERLIN, NOW)
        assert refused.value.extra["errors"][0]["pointer"] == "?at"


def test_moment_is_written_as_it_is_read() -> None:
    text = written(NOW, BERLIN)
    assert text == "2026-11-28T13:00:00"
    read = moment_of("at", text, BERLIN, NOW)
    assert read is not None
    assert written(read, BERLIN) == text


def test_event_s_differences_leave_out_the_stock_and_what_is_not_known() -> None:
    before = an_item(Stock=4, Price=2, **{"a.b": "x"}, place={"M": {"shelf": {"S": "A"}}})
    after = an_item(Stock=3, Price=3, place={"M": {"shelf": {"S": "B"}}})
    changed = ("Price", "Stock", "a.b", "place.shelf")
    event = an_event(before=before, after=after, changed=changed)
    assert diffs_of(event, "Stock") == [
        FieldDiff("Price", "2", "3"),
        FieldDiff("a.b", "x", None),
        FieldDiff("place.shelf", "A", "B"),
    ]
    assert diffs_of(an_event(before=None, after=after, changed=changed), "Stock") == []


def a_product(**attributes: Any) -> Product:
    return product_of(an_item(**{"ProductName": "Mug", "Stock": 5} | attributes))


def test_versions_differ_in_our_fields_first_and_then_in_other_attributes() -> None:
    then = a_product(Price=2, shelf="A", NoReorder=True)
    now = a_product(Price=3, box="B")
    assert versions_differ(then, now, 2) == [
        FieldDiff("price", "2.00", "3.00", "price"),
        FieldDiff("no_reorder", "yes", None, "no_reorder"),
        FieldDiff("box", None, "B"),
        FieldDiff("shelf", "A", None),
    ]


def test_value_of_another_type_is_another_program_s_and_not_restorable() -> None:
    then, now = a_product(Price="soon"), a_product(Price=3)
    assert [diff.field for diff in versions_differ(then, now, 2)] == [""]
    assert not is_restorable("price", then)
    assert is_restorable("price", now)


def test_version_without_a_name_or_stock_has_none_to_restore() -> None:
    bare = product_of(an_item())
    assert [name for name in ("name", "stock", "price") if is_restorable(name, bare)] == ["price"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "yes"),
        ("text", "text"),
        (["a", "b"], "a, b"),
        ([], "[]"),
        ({"ü": [1, "2.5"]}, '{"ü": [1, "2.5"]}'),
    ],
)
def test_value_as_text(value: Any, text: str) -> None:
    assert text_of_value(value) == text


def test_chart_begins_with_its_period_or_with_a_later_first_change() -> None:
    old, young = NOW - timedelta(days=400), NOW - timedelta(days=3)
    assert axis_begin("30d", old, NOW) == NOW - timedelta(days=30)
    just_before = young - timedelta(milliseconds=1)
    assert axis_begin("30d", young, NOW) == axis_begin("all", young, NOW) == just_before
    assert axis_begin("24h", young, NOW) == NOW - timedelta(hours=24)
    assert axis_begin("all", old, NOW) == old - timedelta(milliseconds=1)
    assert axis_begin("7d", NOW, NOW) == NOW - timedelta(seconds=1)
    assert axis_begin("all", None, NOW) == NOW - timedelta(days=30)
