"""A page's cursor is opaque, and a cursor that no page returned is rejected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidCursor
from app.store.dynamodb.paging import PAGE_BYTES, PageRoom, decode_cursor, encode_cursor


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_cursor_decodes_to_its_position(position: str) -> None:
    assert decode_cursor(encode_cursor(position)) == position


def test_a_cursor_can_hold_the_longest_key() -> None:
    assert decode_cursor(encode_cursor("ä" * 1024)) == "ä" * 1024


@pytest.mark.parametrize("position", ["../x", "ä ö&=?#/", "\x00", "\U0001f4e6" * 3])
def test_a_cursor_is_url_safe(position: str) -> None:
    word = encode_cursor(position)
    assert word.isascii()
    assert word.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "word",
    [
        "",
        "!",
        "ä",
        "UDE=",  # padded: the same position has one cursor only
        "UDF",  # trailing bits that no encoder sets
        "UD+x",
        "_w",  # not UTF-8
        "A" * 5,
        encode_cursor("x" * 2049),
        encode_cursor("P1") + "\n",
    ],
)
def test_an_invalid_cursor_is_a_bad_request(word: str) -> None:
    with pytest.raises(InvalidCursor) as error:
        decode_cursor(word)
    assert error.value.status == 400


def test_a_page_ends_with_its_last_item_or_with_the_item_that_exceeds_its_bytes() -> None:
    few, large = PageRoom(2), PageRoom(200)
    few.take(1)
    large.take(PAGE_BYTES - 1)
    assert (few.full, large.full) == (False, False)
    few.take(1)
    large.take(1)
    assert (few.full, large.full) == (True, True)


def test_a_page_has_one_item_of_any_size() -> None:
    assert not PageRoom(200).full
