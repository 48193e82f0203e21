"""Items as no shop would write them, but as a table can hold them; the same ones at each run."""

import itertools
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.item import DEFAULT_NAMES
from tests.unit.core.item_values import attribute_values

HALF_EMOJI = "\ud83d"

TEXTS = (
    *("", " ", "\0", "a\0b", "\x1b[31m", "\u2028", "\u202e\u2066abc", "e\u0301", "\uffff"),
    *(HALF_EMOJI, f"mug {HALF_EMOJI}", f"\ude00{HALF_EMOJI}", "\U0001f600"),
    *("</script><b>", "{{7*7}}", "=cmd()", "__proto__", "../..", "%00", "a.b", "a[0]", "null"),
    *("9" * 38, "1e400", "NaN", "true", "2026-11-28T00:00:00Z", "\r\ndata: x", "x" * 3000),
)
NUMBERS = (
    *("9" * 38, "-" + "9" * 38, "1E125", "-1E125", "1E-130", "0." + "1" * 38),
    *("18446744073709551616", "-9223372036854775809", "9007199254740993", "-0", "0.1", "1E20"),
)
LARGE = ({"S": "\u20ac" * 100_000}, {"S": "x" * 390_000}, {"B": bytes(390_000)})
NAMES = (
    *DEFAULT_NAMES.known,
    *("Shelf", "Version", "UpdatedAt", "aws:rep:deleting", "before", "Stockpulse.version"),
    *("a.b", "a[0]", "\0", "\u202e", "__proto__", "#c0", ":c0", f"n{HALF_EMOJI}", "n" * 3000, "é"),
)


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(TEXTS) | st.text(max_size=8)


def values() -> st.SearchStrategy[dict[str, Any]]:
    """Any value, often one that has broken something, up to the deepest nesting that is stored."""
    odd = st.one_of(
        texts().map(lambda text: {"S": text}),
        st.sampled_from(NUMBERS).map(lambda digits: {"N": digits}),
        st.lists(texts(), min_size=1, max_size=4, unique=True).map(lambda some: {"SS": some}),
        st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4, unique=True).map(
            lambda some: {"NS": some}
        ),
        st.dictionaries(texts(), st.sampled_from([{"N": NUMBERS[0]}, {"S": HALF_EMOJI}])).map(
            lambda members: {"M": members}
        ),
    )
    return st.one_of(odd, odd, attribute_values(), st.builds(_nested, st.integers(20, 32), odd))


def metadata() -> st.SearchStrategy[dict[str, Any]]:
    """Something under our map's name: like our own map, almost like it, or nothing like it."""
    times = st.sampled_from([{"S": "2026-11-28T00:00:00Z"}, {"S": HALF_EMOJI}, {"N": "1"}])
    names = ("version", "created_at", "updated_at", "actor", "request_id", "note", "signature")
    ours = st.fixed_dictionaries(
        {"version": st.sampled_from([{"N": "1"}, {"N": "1E20"}, {"S": "1"}])},
        optional={
            **dict.fromkeys(names[1:], times | texts().map(lambda text: {"S": text})),
            "deleted": st.fixed_dictionaries(
                dict.fromkeys(("at", "actor", "request_id"), times)
            ).map(lambda mark: {"M": mark}),
        },
    )
    return ours.map(lambda members: {"M": members}) | values()


def keys() -> st.SearchStrategy[str]:
    """A key of up to 2,048 bytes; a number makes each of them different."""
    long = st.sampled_from(["k" * 2040, "\u20ac" * 680, "!" * 2040, "~" * 2040])
    return st.sampled_from(TEXTS) | st.text(max_size=6) | long


def items() -> st.SearchStrategy[dict[str, Any]]:
    """An item whose key lacks its number."""
    attributes = st.dictionaries(st.sampled_from(NAMES) | texts(), values(), max_size=6)
    stocks = st.none() | st.sampled_from(("10", "0.5", *NUMBERS)) | st.just("10")
    return st.builds(
        _item,
        keys(),
        attributes,
        stocks,
        metadata(),
        st.integers(0, 99),
    )


def _item(key: str, attributes: Any, stock: str | None, ours: Any, chance: int) -> dict[str, Any]:
    item = {"ProductID": {"S": key}, **attributes}
    if stock is not None:
        item["Stock"] = {"N": stock}
    if chance < 40:
        item[DEFAULT_NAMES.metadata] = ours
    return item


def drawn(count: int) -> list[dict[str, Any]]:
    """So many items, each with another key."""
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(items())
    def collect(item: dict[str, Any]) -> None:
        found.append(item)

    collect()
    for number, large in zip(range(10, count, 70), itertools.cycle(LARGE), strict=False):
        found[number] |= {"Large": large}
    for number, item in enumerate(found):
        key = item["ProductID"]["S"]
        item["ProductID"] = {"S": f"{key}{number}" if number % 2 else f"{number}{key}"}
    return found


def _nested(depth: int, inner: dict[str, Any]) -> dict[str, Any]:
    for level in range(depth):
        inner = {"L": [inner]} if level % 2 else {"M": {"in": inner}}
    return inner
