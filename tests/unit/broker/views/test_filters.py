"""A filter admits events that match all of its conditions; without conditions, all events."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.broker.filters import EVERYTHING, Filter, Topic, topic_of
from app.core.events import data_of, made_outside
from tests.support.builders import an_event, an_item
from tests.support.paths import ROOT

SHARED = json.loads((ROOT / "tests/js/filters.json").read_text())

SALE = topic_of(an_event())  # P1, Kitchen, ada, 12 → 9
OUTSIDE = topic_of(
    an_event(kind="updated", product_id="P2", actor=None, before=None, after=an_item("P2"))
)


def filter_of(query: str) -> Filter:
    given = parse_qs(query)
    lists = {f"{name}s": frozenset(given.pop(name, ())) for name in ("kind", "reason")}
    least = given.pop("min_delta", None)
    outside = {"true": True, "false": False}.get(given.pop("outside", [""])[0])
    texts = {name: values[0] for name, values in given.items()}
    amount = None if least is None else Decimal(least[0])
    return Filter(**lists, **texts, min_delta=amount, outside=outside)


def topic_from(data: dict[str, Any]) -> Topic:
    fields = ("kind", "product_id", "category", "actor", "reason")
    delta = None if data["delta"] is None else Decimal(str(data["delta"]))
    proof = ("kind", "actor", "view_type", "event_name")
    return Topic(
        **{name: data[name] for name in fields},
        delta=delta,
        outside=made_outside(*(data[name] for name in proof)),
    )


def test_topic_has_the_fields_that_filters_read() -> None:
    assert (SALE.kind, SALE.product_id, SALE.category) == ("stock_changed", "P1", "Kitchen")
    assert (SALE.actor, SALE.delta) == ("ada", -3)


def test_filter_without_conditions_admits_everything() -> None:
    assert EVERYTHING.admits(SALE)
    assert EVERYTHING.admits(OUTSIDE)
    assert Filter() == EVERYTHING


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["query"] or "no conditions")
def test_filter_admits_what_a_page_shows(case: dict[str, Any]) -> None:
    wanted = filter_of(case["query"])
    admitted = [name for name, data in SHARED["events"].items() if wanted.admits(topic_from(data))]
    assert admitted == case["admits"]


def test_pages_read_the_same_fields_of_an_event() -> None:
    for event in (an_event(), an_event(kind="updated", actor=None, stock_after=12)):
        assert topic_from(data_of(event)) == topic_of(event)


@pytest.mark.parametrize(("before", "after"), [(0, 5), (5, 0)])
def test_min_delta_compares_the_absolute_change(before: int, after: int) -> None:
    topic = topic_of(an_event(stock_before=before, stock_after=after))
    assert Filter(min_delta=5).admits(topic)
    assert not Filter(min_delta=6).admits(topic)


def test_filters_with_equal_conditions_are_equal() -> None:
    one = Filter(kinds=frozenset({"updated", "deleted"}), category="Toys")
    other = Filter(kinds=frozenset({"deleted", "updated"}), category="Toys")
    assert one == other
    assert len({one, other, Filter(category="Toys")}) == 2
