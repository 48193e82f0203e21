"""Invalid records raise one error, and every accepted record can be stored and shown."""

from typing import Any

import pytest

from app.broker.frames import change_frame
from app.core.item import canonical
from app.store.audit.entry import ImageForm, Signer, event_of
from tests.support.builders import STREAM_ARN, a_cursor, an_item, as_lambda, inserted, modified
from tests.unit.worker.stream.poison import POISON
from worker.stream.decode import UndecodableRecord, decode, process_event

SIGNER = Signer("k1", b"k" * 32)


@pytest.mark.parametrize("record", POISON.values(), ids=POISON)
def test_an_invalid_stream_record_is_undecodable(record: Any) -> None:
    with pytest.raises(UndecodableRecord):
        decode(record, STREAM_ARN)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": {}},
        {"dynamodb": None},
        {"dynamodb": {"NewImage": {}}},
        {"dynamodb": {"NewImage": {"ProductID": {"N": "1"}}}},
        {"dynamodb": {"Keys": {"ProductID": "P1"}}},
        {"dynamodb": {"Keys": None, "NewImage": None}},
        {"dynamodb": {"NewImage": "P1"}},
    ],
    ids=repr,
)
def test_process_event_refuses_a_record_without_a_product_id(record: Any) -> None:
    with pytest.raises(UndecodableRecord):
        process_event(record)


def test_the_error_names_the_missing_part() -> None:
    with pytest.raises(UndecodableRecord, match="SequenceNumber"):
        decode({"eventName": "INSERT", "dynamodb": {}}, STREAM_ARN)


@pytest.mark.parametrize("arn", ["", "unknown", "arn:aws:dynamodb:eu-central-1:1:table/Products"])
def test_a_record_of_an_unknown_stream_is_undecodable(arn: str) -> None:
    with pytest.raises(UndecodableRecord, match="stream is unknown"):
        decode(as_lambda(inserted(an_item())), arn)


MALFORMED: list[Any] = [
    {"S": 5},
    {"S": None},
    {"N": 50},
    {"N": None},
    {"N": "many"},
    {"N": ["5"]},
    {"B": 5},
    {"B": None},
    {"BOOL": "yes"},
    {"BOOL": {}},
    {"NULL": "x"},
    {"SS": "abc"},
    {"SS": ["a", 1]},
    {"SS": None},
    {"NS": ["many"]},
    {"NS": [1, 2]},
    {"NS": "12"},
    {"BS": [1]},
    {"M": []},
    {"M": None},
    {"M": {"a": {"S": 5}}},
    {"L": None},
    {"L": {"S": "x"}},
    {"L": [{"NS": ["many"]}]},
]


@pytest.mark.parametrize("value", MALFORMED, ids=ascii)
def test_a_value_that_dynamodb_cannot_hold_is_refused_or_harmless(value: Any) -> None:
    """An accepted record that cannot be stored or shown would block its shard for ever."""
    record = as_lambda(inserted(an_item()))
    record["dynamodb"]["NewImage"] |= {"Shelf": value}
    try:
        event = decode(record, STREAM_ARN)
    except UndecodableRecord:
        return
    for form in ImageForm:
        entry = SIGNER.entry(event, form)
        canonical(entry)
        event_of(entry)
    change_frame(str(a_cursor(1)), event, "Products")


def test_deeply_nested_images_are_accepted() -> None:
    value: Any = {"S": "bottom"}
    for _ in range(31):  # DynamoDB nests to 32 levels
        value = {"M": {"deeper": value}}
    event = decode(as_lambda(modified(an_item(), an_item(Deep=value))), STREAM_ARN)
    for form in ImageForm:
        event_of(SIGNER.entry(event, form))
    change_frame(str(a_cursor(1)), event, "Products")
