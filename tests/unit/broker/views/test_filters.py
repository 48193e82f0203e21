"""A filter is a value that admits what it names, and everything where it names nothing."""

from typing import Any

import pytest

from app.broker.filters import EVERYTHING, Filter, topic_of
from tests.support.builders import an_event, an_item

SALE = topic_of(an_event())  # P1, Kitchen, ada, 12 → 9
OUTSIDE = topic_of(
    an_event(kind="updated", product_id="P2", actor=None, before=None, after=an_item("P2"))
)


def test_a_topic_is_what_filters_look_at() -> None:
    assert (SALE.kind, SALE.product_id, SALE.category) == ("stock_changed", "P1", "Kitchen")
    assert (SALE.actor, SALE.delta) == ("ada", -3)


def test_without_conditions_everything_is_admitted() -> None:
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
def test_the_smallest_change_counts_either_way(before: int, after: int) -> None:
    topic = topic_of(an_event(stock_before=before, stock_after=after))
    assert Filter(min_delta=5).admits(topic)
    assert not Filter(min_delta=6).admits(topic)


def test_equal_filters_are_one() -> None:
    one = Filter(kinds=frozenset({"updated", "deleted"}), category="Toys")
    other = Filter(kinds=frozenset({"deleted", "updated"}), category="Toys")
    assert one == other
    assert len({one, other, Filter(category="Toys")}) == 2
