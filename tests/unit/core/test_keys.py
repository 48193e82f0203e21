"""A product id stands for exactly one key, and each key has exactly one id."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.keys import TEXT_KEY, KeyPart, KeySchema, NotAnID, full_id, id_in, row_id
from tests.unit.core.item_values import ODD_WORDS

NUMBER = KeySchema(KeyPart("id", "N"))
BINARY = KeySchema(KeyPart("id", "B"))
TWO = KeySchema(KeyPart("sku"), KeyPart("size"))
MIXED = KeySchema(KeyPart("day", "N"), KeyPart("tag", "B"))
SCHEMAS = (TEXT_KEY, NUMBER, BINARY, TWO, MIXED, KeySchema(KeyPart("a", "B"), KeyPart("b", "S")))

_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.text(
    "!~0\0ab_d8", min_size=1, max_size=8
)
_number = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers().map(Decimal)
_parts: dict[str, st.SearchStrategy[Any]] = {
    "S": _text | ODD_WORDS.filter(bool),
    "N": _number.filter(lambda number: abs(number) < Decimal(10) ** 30).map(str),
    "B": st.binary(min_size=1, max_size=20),
}


def keys_of(schema: KeySchema) -> st.SearchStrategy[dict[str, Any]]:
    parts = {
        part.name: _parts[part.kind].map(lambda value, kind=part.kind: {kind: value})
        for part in schema.parts
    }
    return st.fixed_dictionaries(parts)


@given(st.data(), st.sampled_from(SCHEMAS))
def test_the_key_comes_back_from_its_id(data: st.DataObject, schema: KeySchema) -> None:
    key = data.draw(keys_of(schema))
    product_id = schema.id_of({**key, "other": {"S": "x"}})
    assert product_id.encode()  # it can stand in a URL
    back = schema.key_of(product_id)
    assert schema.id_of(back) == product_id
    for part in schema.parts:
        ((kind, value),) = back[part.name].items()
        given_value = key[part.name][part.kind]
        assert kind == part.kind
        if kind == "N":
            assert Decimal(value) == Decimal(given_value)
        else:
            assert value == given_value


@given(st.data(), st.sampled_from((TEXT_KEY, BINARY, TWO)))
def test_different_keys_have_different_ids(data: st.DataObject, schema: KeySchema) -> None:
    one, other = data.draw(keys_of(schema)), data.draw(keys_of(schema))
    assert (schema.id_of(one) == schema.id_of(other)) == (one == other)


@given(_text, st.sampled_from(SCHEMAS))
def test_any_text_is_the_id_of_one_key_or_of_none(text: str, schema: KeySchema) -> None:
    try:
        key = schema.key_of(text)
    except NotAnID:
        return
    assert schema.id_of(key) == text


@pytest.mark.parametrize(
    ("schema", "key", "product_id"),
    [
        (TEXT_KEY, {"ProductID": {"S": "SKU#7/~x"}}, "SKU#7/~x"),
        (TEXT_KEY, {"ProductID": {"S": "\0shard#1"}}, "!0shard#1"),
        (TEXT_KEY, {"ProductID": {"S": "!0shard#1"}}, "!!0shard#1"),
        (TEXT_KEY, {"ProductID": {"S": "\ud83d"}}, "!d83d"),
        (TEXT_KEY, {"ProductID": {"S": "mug!\ud83d"}}, "!_mug!!!d83d"),
        (TEXT_KEY, {"ProductID": {"S": "!\ud83d"}}, "!!!d83d"),
        (NUMBER, {"id": {"N": "0042.50"}}, "42.5"),
        (NUMBER, {"id": {"N": "-1E+3"}}, "-1000"),
        (BINARY, {"id": {"B": b"\xff\xfe"}}, "__4"),
        (TWO, {"sku": {"S": "mug"}, "size": {"S": "M"}}, "mug~M"),
        (TWO, {"sku": {"S": "a~b!"}, "size": {"S": "~"}}, "a!~b!!~!~"),
        (TWO, {"sku": {"S": "a\ude00"}, "size": {"S": "M"}}, "a!de00~M"),
        (MIXED, {"day": {"N": "20"}, "tag": {"B": b"\0"}}, "20~AA"),
    ],
)
def test_ids_of_keys(schema: KeySchema, key: dict[str, Any], product_id: str) -> None:
    assert schema.id_of(key) == product_id
    assert schema.id_of(schema.key_of(product_id)) == product_id


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (TEXT_KEY, "!sale"),
        (TEXT_KEY, "\0x"),
        (TEXT_KEY, "!_mug"),
        (TEXT_KEY, "!_!d83d"),
        (TEXT_KEY, "!d83d!de00"),  # another spelling of one emoji
        (TWO, "!_mug~M"),
        (TEXT_KEY, ""),
        (TEXT_KEY, "x" * 2049),
        (NUMBER, "007"),
        (NUMBER, "1.50"),
        (NUMBER, "1e3"),
        (NUMBER, "-0"),
        (NUMBER, "NaN"),
        (NUMBER, "1_0"),
        (NUMBER, "\u0661"),
        (NUMBER, "1" * 39),
        (NUMBER, "1" + "0" * 126),
        (NUMBER, "9" * 5000),
        (BINARY, "__5"),
        (BINARY, "__4="),
        (BINARY, "a b"),
        (BINARY, "ü"),
        (TWO, "mug"),
        (TWO, "mug~"),
        (TWO, "~M"),
        (TWO, "mug~M~L"),
        (TWO, "mug!M~L"),
        (TWO, "mug~" + "x" * 1025),
        (MIXED, "20~AB"),
    ],
)
def test_other_spellings_are_no_ids(schema: KeySchema, text: str) -> None:
    with pytest.raises(NotAnID, match=r"ids have the form|is an escape"):
        schema.key_of(text)


def test_a_key_of_another_type_has_no_id() -> None:
    with pytest.raises(KeyError):
        NUMBER.id_of({"id": {"S": "1"}})
    with pytest.raises(KeyError):
        TWO.id_of({"sku": {"S": "mug"}})
    with pytest.raises(ValueError, match="empty"):
        TEXT_KEY.id_of({"ProductID": {"S": ""}})


def test_a_full_id_is_believed_only_where_it_lies_under_its_hash() -> None:
    long = "x" * 3000
    row = {"ProductID": {"S": row_id(long)}, **full_id(long)}
    assert (id_in(row), len(row_id(long)) < 100, full_id("p1")) == (long, True, {})
    for forged in ({"S": "p2"}, {"S": long}, {"N": "1"}, {"S": ""}):
        assert id_in({"ProductID": {"S": "p1"}, "FullProductID": forged}) == "p1"


def test_a_key_of_another_dynamodb_type_is_an_error() -> None:
    with pytest.raises((KeyError, ValueError)):
        KeySchema(KeyPart("id", "BOOL")).id_of({"id": {"BOOL": True}})  # type: ignore[arg-type]
