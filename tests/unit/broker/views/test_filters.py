"""A filter admits events that match all of its conditions; without conditions, all events."""

from typing import Any

import pytest

from app.broker.filters import EVERYTHING, Filter, topic_of
from tests.support.builders import an_event, an_item

SALE = topic_of(an_event())  # P1, Kitchen, ada, 12 → 9
OUTSIDE = topic_of(
    an_event(kind="updated", product_id="P2", actor=None, before=None, after=an_item("P2"))
)


def test_topic_has_the_fields_that_filters_read() -> None:
    assert (SALE.kind, SALE.product_id, SALE.category) == ("stock_changed", "P1", "Kitchen")
    assert (SALE.actor, SALE.delta) == ("ada", -3)


def test_filter_without_conditions_admits_everything() -> None:
    assert EVERYTHING.admits(SALE)
    assert EVERYTHING.admits(OUTSIDE)
    assert Filter() == EVERYTHING


@pytest.mark.parametrize(
    ("conditions", "sale", "outside"),
    [
        ({"kinds": frozenset({"stock_changed"})}, True, False),
        ({"kinds": frozenset({"stock_changed", "updated"})}, True, True),
        ({"product_id": "P2"}, False, True),
        ({"category": "Kitchen"}, True, False),
        ({"actor": "ada"}, True, False),
        ({"actor": "bob"}, False, False),
        ({"min_delta": 3}, True, False),
        ({"min_delta": 4}, False, False),
        ({"min_delta": 0}, True, True),
        ({"actor": "ada", "product_id": "P2"}, False, False),
        (
            {"kinds": frozenset({"stock_changed"}), "category": "Kitchen", "min_delta": 1},
            True,
            False,
        ),
    ],
)
def test_every_condition_must_hold(
    conditions: dict[str, Any], *, sale: bool, outside: bool
) -> None:
    assert Filter(**conditions).admits(SALE) is sale
    assert Filter(**conditions).admits(OUTSIDE) is outside


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
