"""A dead letter has one id, and the record in an audit's letter can be decoded again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.dead_letters.letter import Letter, letter_of, park_action, split_letter_id
from tests.support.builders import STREAM_ARN, an_item, as_boto3, as_lambda, inserted
from worker.stream.decode import decode

CHANGE = inserted(an_item("P1", Stock=3, Photo=b"\xff\x00", Tags={"SS": ["a", "b"]}))


def a_letter(**fields: object) -> Letter:
    values: dict[str, object] = {
        "sink": "archive",
        "product_id": "P1",
        "event_key": "label#1",
        "error": "down",
    }
    return Letter(**(values | fields))  # type: ignore[arg-type]


def of_audit(record: object) -> Letter:
    return a_letter(sink="audit", record=record, stream_arn=STREAM_ARN)


def kept(letter: Letter) -> Letter:
    """The letter as it is read from the table after parking."""
    update = park_action("table", letter, "2026-11-21T10:00:00Z")["Update"]
    values = update["ExpressionAttributeValues"]
    names = ("Record", "RecordZ", "RecordSHA256", "StreamARN")
    row = {name: values[f":{name}"] for name in names if f":{name}" in values}
    return letter_of(row | update["Key"] | {"Error": values[":error"]})


def test_a_sink_s_letter_keeps_no_record() -> None:
    letter = kept(a_letter())
    assert (letter.record, letter.stream_arn, letter.digest) == (None, "", None)
    assert (letter.sink, letter.product_id, letter.event_key) == ("archive", "P1", "label#1")
    assert (letter.error, letter.attempts, letter.due) == ("down", 1, False)


@pytest.mark.parametrize("record", [as_boto3(CHANGE), as_lambda(CHANGE)])
def test_a_stored_record_of_either_host_decodes_to_the_same_event(
    record: dict[str, object],
) -> None:
    again = kept(of_audit(record))
    assert decode(again.record, again.stream_arn) == decode(record, STREAM_ARN)


def test_a_large_record_is_compressed_and_a_too_large_one_is_hashed() -> None:
    large = of_audit({"text": "x" * 500_000})
    assert kept(large).record == large.record
    noise = random.Random(1).randbytes(500_000).hex()
    lost = kept(of_audit({"text": noise}))
    assert (lost.record, len(lost.digest or "")) == (None, 64)


def test_a_set_is_kept_in_the_same_order_in_every_process() -> None:
    names = {
        f"tag {n}" for n in range(20)
    }  # the order of a set of strings depends on a random seed
    assert kept(of_audit({"tags": names})).record == {"tags": sorted(names)}


@given(product_id=st.text(min_size=1, max_size=9), key=st.text("a19#.:", min_size=1, max_size=9))
def test_a_letter_s_id_can_be_split_into_its_key(product_id: str, key: str) -> None:
    try:
        product_id.encode()
    except UnicodeEncodeError:
        return
    letter = a_letter(product_id=product_id, event_key=key)
    assert split_letter_id(letter.id) == (product_id, letter.sink_key)


@pytest.mark.parametrize(
    "identifier", ["", "x", "====", "UDE", "UDEAYXVkaXQ", "UDEAYSM", "UDEAI2s"]
)
def test_any_other_text_is_not_a_letter_s_id(identifier: str) -> None:
    assert split_letter_id(identifier) is None
