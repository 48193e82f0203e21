"""The response names a sequence number that Lambda accepts, or an error makes Lambda retry all."""

from typing import Any

import pytest

from worker.aws_lambda.invocation import (
    Unanswerable,
    failed_from,
    sequence_number,
    stream_arn,
)


def numbered(number: Any) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": number}}


BATCH = [numbered("100"), numbered("101"), {}, numbered("103")]


@pytest.mark.parametrize(("first", "named"), [(0, "100"), (1, "101"), (3, "103")])
def test_the_first_failure_is_returned_by_its_sequence_number(first: int, named: str) -> None:
    assert failed_from(BATCH, first) == {"batchItemFailures": [{"itemIdentifier": named}]}


def test_a_record_without_a_number_is_retried_from_the_record_before_it() -> None:
    assert failed_from(BATCH, 2) == {"batchItemFailures": [{"itemIdentifier": "101"}]}


def test_an_error_is_raised_if_no_record_up_to_the_failure_has_a_number() -> None:
    with pytest.raises(Unanswerable):
        failed_from([{}, None, numbered("103")], 1)


@pytest.mark.parametrize(
    "record",
    [
        {},
        None,
        7,
        "text",
        {"dynamodb": None},
        {"dynamodb": {}},
        *map(numbered, ["", None, 5, " 5", "five", "5" * 41, "५"]),
    ],
    ids=repr,
)
def test_invalid_sequence_numbers_are_never_returned(record: Any) -> None:
    assert sequence_number(record) is None


@pytest.mark.parametrize("record", [{}, None, {"eventSourceARN": None}, {"eventSourceARN": 3}])
def test_a_record_without_a_stream_arn_has_an_empty_one(record: Any) -> None:
    assert stream_arn(record) == ""
