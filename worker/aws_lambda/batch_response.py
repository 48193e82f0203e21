"""The batch response names the first record that is not durable, with a valid sequence number.

Lambda retries everything from the lowest sequence number returned. An empty, null or unknown
`itemIdentifier` fails the whole batch (stream fact 23), so none is ever returned.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.stream.record_shapes import is_sequence_number

BatchResponse = dict[str, Any]


class Unanswerable(Exception):
    """No record up to the failed one has a sequence number: only an error makes Lambda retry."""


def done() -> BatchResponse:
    """The response for a batch whose records are all durable."""
    return {"batchItemFailures": []}


def failed_from(records: Sequence[Any], first: int) -> BatchResponse:
    """The response for a batch whose records from index `first` on are not durable.

    If that record has no usable sequence number, the record before it is returned: processing it
    again writes the same bytes.

    Raises:
        Unanswerable: no record up to this one has a usable sequence number.

    """
    for record in reversed(records[: first + 1]):
        number = sequence_number(record)
        if number is not None:
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    raise Unanswerable(
        "the first records of this batch have no sequence number and could not be saved: "
        "the whole batch must be retried"
    )


def sequence_number(record: Any) -> str | None:
    """The record's sequence number if Lambda accepts it, else None."""
    change = record.get("dynamodb") if isinstance(record, Mapping) else None
    number = change.get("SequenceNumber") if isinstance(change, Mapping) else None
    return number if is_sequence_number(number) else None


def stream_arn(record: Any) -> str:
    """The ARN of the record's stream; empty if absent, which makes the record a dead letter."""
    arn = record.get("eventSourceARN") if isinstance(record, Mapping) else None
    return arn if isinstance(arn, str) else ""
