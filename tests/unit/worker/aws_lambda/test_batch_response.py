"""The answer names a record that Lambda knows, or an error says that all must come again."""

from typing import Any

import pytest

from worker.aws_lambda.batch_response import (
    Unanswerable,
    done,
    failed_from,
    sequence_number,
    stream_arn,
)


def numbered(number: Any) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": number}}


BATCH = [numbered("100"), numbered("101"), {}, numbered("103")]


def test_nothing_failed_is_an_empty_list() -> None:
    assert done() == {"batchItemFailures": []}


@pytest.mark.parametrize(("first", "named"), [(0, "100"), (1, "101"), (3, "103")])
def test_the_first_failure_is_named_by_its_own_number(first: int, named: str) -> None:
    assert failed_from(BATCH, first) == {"batchItemFailures": [{"itemIdentifier": named}]}


def test_one_without_a_number_is_reached_through_the_one_before_it() -> None:
    assert failed_from(BATCH, 2) == {"batchItemFailures": [{"itemIdentifier": "101"}]}


def test_where_none_before_it_has_a_number_either_only_an_error_is_left() -> None:
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
def test_no_identifier_is_made_of_nonsense(record: Any) -> None:
    assert sequence_number(record) is None


@pytest.mark.parametrize("record", [{}, None, {"eventSourceARN": None}, {"eventSourceARN": 3}])
def test_a_record_that_names_no_stream_has_none(record: Any) -> None:
    assert stream_arn(record) == ""
