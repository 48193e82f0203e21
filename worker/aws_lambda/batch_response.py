"""Lambda is told the first record that is not durable, by a number that it knows, or by an error.

It hands over again everything from the lowest number named. An empty, null or unknown one
fails the whole batch (FACTS §1.23), so none is ever given.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NUMBER = re.compile(r"[0-9]{1,40}")

Answer = dict[str, Any]


class Unanswerable(Exception):
    """The failed record and all before it bear no sequence number: only an error repeats them."""


def done() -> Answer:
    """Every record is durable."""
    return {"batchItemFailures": []}


def failed_from(records: Sequence[Any], first: int) -> Answer:
    """Record number `first` is not durable, and none after it is to be taken for it.

    A record without a usable number is reached through the one before it: taking that again
    writes the same bytes.

    Raises:
        Unanswerable: there is none before it either.

    """
    for record in reversed(records[: first + 1]):
        number = sequence_number(record)
        if number is not None:
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    raise Unanswerable(
        "the first records of this batch bear no sequence number and could not be kept: "
        "the whole batch has to be handed over again"
    )


def sequence_number(record: Any) -> str | None:
    """A record's number where it has one that Lambda would know."""
    change = record.get("dynamodb") if isinstance(record, Mapping) else None
    number = change.get("SequenceNumber") if isinstance(change, Mapping) else None
    return number if isinstance(number, str) and _NUMBER.fullmatch(number) else None


def stream_arn(record: Any) -> str:
    """The stream that a record names; empty for none, which is parked at decode."""
    arn = record.get("eventSourceARN") if isinstance(record, Mapping) else None
    return arn if isinstance(arn, str) else ""
