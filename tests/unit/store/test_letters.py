"""A letter has one name, and its record can be decoded again however it came."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.dead_letters.letter import Letter, letter_of, parking, split_letter_id
from tests.support.builders import STREAM_ARN, an_item, as_boto3, as_lambda, inserted
from worker.stream.decode import decode

CHANGE = inserted(an_item("P1", Stock=3, Photo=b"\xff\x00", Tags={"SS": ["a", "b"]}))


def a_letter(**fields: object) -> Letter:
    values: dict[str, object] = {
        "sink": "archive",
        "product_id": "P1",
        "event_key": "label#1",
        "record": {},
        "stream_arn": STREAM_ARN,
        "error": "down",
    }
    return Letter(**(values | fields))  # type: ignore[arg-type]


def kept(letter: Letter) -> Letter:
    """The letter as it is read from the table after it was parked."""
    update = parking("table", letter, "2026-11-21T10:00:00Z")["Update"]
    values = update["ExpressionAttributeValues"]
    row = {
        name: values[f":{name}"]
        for name in ("Record", "RecordZ", "RecordSHA256")
        if f":{name}" in values
    }
    return letter_of(
        row
        | update["Key"]
        | {"StreamARN": values[":arn"], "Error": values[":error"], "State": values[":state"]}
    )


@pytest.mark.parametrize("record", [as_boto3(CHANGE), as_lambda(CHANGE)])
def test_a_record_of_either_host_is_the_same_event_afterwards(record: dict[str, object]) -> None:
    again = kept(a_letter(record=record))
    assert decode(again.record, again.stream_arn) == decode(record, STREAM_ARN)


def test_a_large_record_is_packed_and_one_too_large_is_named() -> None:
    large = a_letter(record={"text": "x" * 500_000})
    assert kept(large).record == large.record
    noise = random.Random(1).randbytes(500_000).hex()
    lost = kept(a_letter(record={"text": noise}))
    assert (lost.record, len(lost.digest or "")) == (None, 64)


@given(product_id=st.text(min_size=1, max_size=9), key=st.text("a19#.:", min_size=1, max_size=9))
def test_an_id_names_one_letter(product_id: str, key: str) -> None:
    try:
        product_id.encode()
    except UnicodeEncodeError:
        return
    letter = a_letter(product_id=product_id, event_key=key)
    assert split_letter_id(letter.id) == (product_id, letter.sink_key)


@pytest.mark.parametrize("identifier", ["", "x", "====", "UDE", "UDEAYXVkaXQ", "UDEAYSN-bGFuZQ"])
def test_what_is_no_letter_s_id_names_none(identifier: str) -> None:
    assert split_letter_id(identifier) is None
