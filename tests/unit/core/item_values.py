"""Strategies for any item that DynamoDB can hold, and for the same item from another engine."""

import json
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st


def numbers() -> st.SearchStrategy[str]:
    """DynamoDB's numbers: 38 digits, 1E-130 to 9.99E+125, either sign."""
    return st.builds(
        lambda sign, digits, exponent: f"{sign}{digits}E{exponent}",
        st.sampled_from(["", "-"]),
        st.integers(0, 10**38 - 1),
        st.integers(-130, 80),
    )


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# With half an emoji (a lone surrogate); two halves that meet are one character in JSON.
ODD_WORDS = WORDS | st.text("\ud83d\ude00a!~\0", max_size=8).map(
    lambda text: str(json.loads(json.dumps(text)))
)


def attribute_values(words: st.SearchStrategy[str] = WORDS) -> st.SearchStrategy[dict[str, Any]]:
    """Any attribute value that DynamoDB can hold, with texts from `words`."""
    leaves = st.one_of(
        st.builds(lambda s: {"S": s}, words),
        st.builds(lambda n: {"N": n}, numbers()),
        st.builds(lambda b: {"B": b}, st.binary(max_size=8)),
        st.builds(lambda b: {"BOOL": b}, st.booleans()),
        st.just({"NULL": True}),
        st.builds(lambda s: {"SS": s}, st.lists(words, min_size=1, max_size=4, unique=True)),
        st.builds(
            lambda s: {"NS": s}, st.lists(numbers(), min_size=1, max_size=4, unique_by=Decimal)
        ),
        st.builds(
            lambda s: {"BS": s},
            st.lists(st.binary(max_size=4), min_size=1, max_size=4, unique=True),
        ),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(lambda m: {"M": m}, st.dictionaries(words, inner, max_size=3))
            | st.builds(lambda items: {"L": items}, st.lists(inner, max_size=3))
        ),
        max_leaves=4,
    )


def items() -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["a", "b", "C", "ä", "\ud83d"])
    return st.dictionaries(names, attribute_values(ODD_WORDS), max_size=3)


def respelt(value: Any, chance: Random) -> Any:
    """The same value as another engine could return it: other order, other number spelling."""
    match value:
        case {"N": digits}:
            return {"N": respelt_number(digits, chance)}
        case {"NS": members}:
            return {"NS": [respelt_number(digits, chance) for digits in mixed(members, chance)]}
        case {"SS": members} | {"BS": members}:
            return {next(iter(value)): mixed(members, chance)}
        case {"M": inner}:
            return {"M": shuffled(inner, chance)}
        case {"L": inner}:
            return {"L": [respelt(member, chance) for member in inner]}
        case _:
            return value


def respelt_number(digits: str, chance: Random) -> str:
    sign, figures, exponent = Decimal(digits).as_tuple()
    zeros = chance.randrange(4)
    whole = "".join(map(str, figures)) + "0" * zeros
    return chance.choice(
        [
            f"{'-' if sign else ''}{whole}E{int(exponent) - zeros}",
            f"{'-' if sign else ''}0{whole}e{int(exponent) - zeros}",
            format(Decimal(digits), "f"),
        ]
    )


def shuffled(item: dict[str, Any], chance: Random) -> dict[str, Any]:
    return {name: respelt(item[name], chance) for name in mixed(item, chance)}


def mixed(members: Iterable[Any], chance: Random) -> list[Any]:
    return sorted(members, key=lambda _: chance.random())
