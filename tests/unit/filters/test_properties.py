"""Properties of matching hold for random documents and patterns."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.filters.errors import FilterError
from app.filters.pattern import parse_filter

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "y"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
RULES = (
    SCALARS
    | st.booleans().map(lambda wanted: {"exists": wanted})
    | st.sampled_from(["", "x"]).map(lambda text: {"prefix": text})
    | st.integers(-3, 3).map(lambda bound: {"numeric": [">=", bound]})
    | st.just({"anything-but": ["x"]})
)
LEAVES = st.lists(RULES, min_size=1, max_size=3)
PATTERNS = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=2), max_leaves=4
    ),
    min_size=1,
    max_size=3,
)


def matches(pattern: Any, document: dict[str, Any]) -> bool:
    return parse_filter(json.dumps(pattern)).matches(document)


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every scalar of a document, with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, *path, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, *path)
    else:
        yield path, value


def pattern_for(path: tuple[str, ...], rules: list[Any]) -> Any:
    return {path[0]: pattern_for(path[1:], rules) if path[1:] else rules}


@given(DOCUMENTS)
def test_every_scalar_is_found_by_its_exact_value(document: dict[str, Any]) -> None:
    for path, scalar in leaves(document):
        assert matches(pattern_for(path, [scalar]), document)
        assert matches(pattern_for(path, [{"exists": True}]), document)
        assert not matches(pattern_for(path, [{"exists": False}]), document)


@given(st.lists(NAMES, min_size=1, max_size=4).map(tuple), DOCUMENTS)
def test_exists_true_and_false_are_complements(
    path: tuple[str, ...], document: dict[str, Any]
) -> None:
    there = any(path == found for found, _ in leaves(document))
    assert matches(pattern_for(path, [{"exists": True}]), document) is there
    assert matches(pattern_for(path, [{"exists": False}]), document) is not there


@given(PATTERNS, PATTERNS, DOCUMENTS)
def test_or_and_several_filters_match_if_either_matches(
    one: dict[str, Any], other: dict[str, Any], document: dict[str, Any]
) -> None:
    either = matches(one, document) or matches(other, document)
    assert matches({"$or": [one, other]}, document) is either
    filters = [{"Pattern": json.dumps(pattern)} for pattern in (one, other)]
    assert matches({"Filters": filters}, document) is either


@given(PATTERNS, DOCUMENTS)
def test_members_are_anded_and_matching_changes_nothing(
    pattern: dict[str, Any], document: dict[str, Any]
) -> None:
    before = json.dumps(document)
    each = [matches({name: inner}, document) for name, inner in pattern.items()]
    assert matches(pattern, document) is all(each)
    assert json.dumps(document) == before


@given(st.text(max_size=40) | PATTERNS.map(json.dumps).map(lambda text: text[:-2]))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    with suppress(FilterError):
        parse_filter(text).matches({"a": "x"})


def test_matching_a_long_list_takes_linear_time() -> None:
    pattern = parse_filter('{"x": {"a": [{"exists": false}], "b": [1]}}')
    document = {"x": [{"b": 1}] * 20_000 + [{"a": 1}]}
    began = time.monotonic()
    assert not pattern.matches(document)
    assert time.monotonic() - began < 5  # a search of the list for each element takes minutes
