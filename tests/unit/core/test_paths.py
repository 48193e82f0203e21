"""A known attribute may lie inside maps; the rest of those maps is untouched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paths import blocked_at, first_missing, path_of, value_at, with_value, without

ITEM = {
    "sku": {"S": "A-1"},
    "inventory": {"M": {"qty": {"N": "5"}, "bins": {"L": [{"S": "b1"}]}}},
    "list": {"L": [{"M": {"qty": {"N": "1"}}}]},
}
FIVE = {"N": "5"}

_names = st.sampled_from(["a", "b", "a.b"])
_paths = st.lists(_names, min_size=1, max_size=3).map(tuple)
_values = st.recursive(
    st.integers(0, 9).map(lambda number: {"N": str(number)}),
    lambda inner: st.dictionaries(_names, inner, max_size=2).map(lambda members: {"M": members}),
    max_leaves=5,
)
_items = st.dictionaries(_names, _values, max_size=3)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Stock", ("Stock",)),
        ("inventory.qty", ("inventory", "qty")),
        ("v1..2.qty", ("v1.2", "qty")),
        ("lines[0]", ("lines[0]",)),
    ],
)
def test_dots_separate_and_two_dots_are_one(name: str, path: tuple[str, ...]) -> None:
    assert path_of(name) == path


def test_a_value_inside_a_map_is_found_and_replaced() -> None:
    path = path_of("inventory.qty")
    assert value_at(ITEM, path) == FIVE
    sold = with_value(ITEM, path, {"N": "4"})
    assert value_at(sold, path) == {"N": "4"}
    assert value_at(ITEM, path) == FIVE
    assert sold["inventory"]["M"]["bins"] == {"L": [{"S": "b1"}]}
    assert value_at(ITEM, path_of("list.qty")) is None
    assert value_at(None, path) is None


def test_the_outermost_missing_map_is_named() -> None:
    assert first_missing(ITEM, ("inventory", "qty")) == ("inventory", "qty")
    assert first_missing(ITEM, ("inventory", "a", "b")) == ("inventory", "a")
    assert first_missing(ITEM, ("new", "a", "b")) == ("new",)
    assert first_missing(ITEM, ("new",)) == ("new",)


def test_only_a_map_can_hold_a_value() -> None:
    assert blocked_at(ITEM, ("inventory", "qty")) is None
    assert blocked_at(ITEM, ("new", "qty")) is None
    assert blocked_at(ITEM, ("list", "qty")) == ("list",)
    assert blocked_at(ITEM, ("inventory", "bins", "qty")) == ("inventory", "bins")


@given(_items, _paths, _values)
def test_what_is_set_is_found_and_the_rest_stays(item: Any, path: Any, value: Any) -> None:
    if blocked_at(item, path) is None:
        made = with_value(item, path, value)
        assert value_at(made, path) == value
        place = first_missing(item, path)
        assert with_value(made, place, None) == with_value(item, place, None)


@given(_items, st.lists(_paths, max_size=3))
def test_nothing_is_left_at_paths_that_were_removed(item: Any, paths: Any) -> None:
    left = without(item, paths)
    assert all(value_at(left, path) is None for path in paths)
    assert all(value_at(item, (name,)) is not None for name in left)
