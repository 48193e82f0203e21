"""An invalid filter is refused with one sentence that names the field."""

import json

import pytest

from app.filters.errors import FilterError
from app.filters.pattern import MAX_CHARACTERS, MAX_DEPTH, parse_filter


def _nested(depth: int) -> str:
    return '{"a": ' * depth + '["x"]' + "}" * depth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON at character 1"),
        ('{"a": [1]', "is not valid JSON at character"),
        ('{"a": [NaN]}', "NaN is not valid JSON"),
        ("[]", "must be a JSON object"),
        ('"a"', "must be a JSON object"),
        ("{}", "an empty object matches nothing"),
        ('{"data": {}}', "data: an empty object matches nothing"),
        ('{"data": {"kind": []}}', "data.kind: an empty list matches nothing"),
        ('{"data": {"kind": "updated"}}', "data.kind: values must be in a list"),
        ('{"data": {"kind": null}}', "data.kind: values must be in a list"),
        ('{"a": [["x"]]}', "a: a list cannot contain a list"),
        ('{"a": [{"wildcard": "x*"}]}', 'a: there is no operator "wildcard"'),
        ('{"a": [{"cidr": "10.0.0.0/8"}]}', 'a: there is no operator "cidr"'),
        ('{"a": [{}]}', "a: an object must have exactly one operator"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "a: an object must have exactly one operator"),
        ('{"a": [{"prefix": 1}]}', 'a: "prefix" needs a string'),
        ('{"a": [{"suffix": ["x"]}]}', 'a: "suffix" needs a string'),
        ('{"a": [{"prefix": {"suffix": "x"}}]}', 'a: "prefix" needs a string'),
        ('{"a": [{"equals-ignore-case": null}]}', 'a: "equals-ignore-case" needs a string'),
        ('{"a": [{"exists": "yes"}]}', 'a: "exists" must be true or false'),
        ('{"a": [{"exists": 1}]}', 'a: "exists" must be true or false'),
        ('{"a": [{"anything-but": []}]}', 'a: "anything-but" needs'),
        ('{"a": [{"anything-but": ["x", 1]}]}', 'a: "anything-but" needs'),
        ('{"a": [{"anything-but": true}]}', 'a: "anything-but" needs'),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', 'a: "anything-but" needs'),
        ('{"a": [{"anything-but": {"prefix": []}}]}', 'a: "prefix" needs a string'),
        ('{"a": [{"numeric": []}]}', 'a: "numeric" needs a comparison'),
        ('{"a": [{"numeric": ["=", "1"]}]}', 'a: "numeric" needs a comparison'),
        ('{"a": [{"numeric": ["!=", 1]}]}', 'a: "numeric" needs a comparison'),
        ('{"a": [{"numeric": ["<", 9, ">", 1]}]}', 'a: "numeric" needs a comparison'),
        ('{"a": [{"numeric": [">", 9, "<", 1]}]}', "a: no number is between 9 and 1"),
        ('{"a": [{"numeric": [">", 6e9]}]}', "a: 6e9 is not between"),
        ('{"a": [{"numeric": [">", 1e999999999999999999999]}]}', "a: 1e9999"),
        ('{"$or": {"a": [1]}}', "$or: must be a list of two or more objects"),
        ('{"$or": [{"a": [1]}]}', "$or: must be a list of two or more objects"),
        ('{"$or": [{"a": [1]}, "b"]}', "$or: must be a list of two or more objects"),
        ('{"d": {"$or": [{"a": [1]}, {"b": 2}]}}', "d.$or.b: values must be in a list"),
        ('{"Filters": []}', 'must have "Filters" as its only member, a list of 1 to 5'),
        ('{"Filters": "x"}', 'must have "Filters" as its only member, a list of 1 to 5'),
        ('{"Filters": [{"Pattern": "{}"}], "a": [1]}', 'must have "Filters" as its only member'),
        ('{"Filters": [{"Pattern": {"a": [1]}}]}', 'Filters[0]: must be {"Pattern": "…"}'),
        (r'{"Filters": [{"Pattern": "{\"a\": [1]}"}, {"Pattern": "{\"b\": 1}"}]}', "Filters[1].b:"),
        (r'{"Filters": [{"Pattern": "{"}]}', "Filters[0]: is not valid JSON"),
        (json.dumps({"Filters": [{"Pattern": '{"a": [1]}'}] * 6}), "a list of 1 to 5"),
        (f'{{"a": ["{"x" * MAX_CHARACTERS}"]}}', "a pattern must have at most 4096 characters"),
        ("x" * 100_000, "a filter must have at most"),
        (_nested(MAX_DEPTH + 1), "is nested deeper than"),
        (_nested(500), "is nested deeper than"),
        ("[" * 4000, "is nested deeper than"),
    ],
)
def test_invalid_filter_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(FilterError) as refusal:
        parse_filter(text)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert isinstance(refusal.value, ValueError)


def test_largest_filters_are_accepted() -> None:
    longest = json.dumps({"a": ["é" * 10]}, ensure_ascii=False)
    pattern = longest + " " * (MAX_CHARACTERS - len(longest))
    parse_filter(pattern)
    parse_filter(json.dumps({"Filters": [{"Pattern": pattern}] * 5}))
    parse_filter(_nested(MAX_DEPTH))
