"""Decode records in the shapes of both hosts."""

from typing import Any

from tests.support.builders import (
    STAMPS,
    STREAM_ARN,
    Change,
    an_item,
    as_boto3,
    as_lambda,
)
from worker.stream.decode import decode

OLD = an_item(ProductName="Mug", Stock=12)
NEW = an_item(ProductName="Mug", Stock=9)


HOSTS = [as_boto3, as_lambda]
HOST_NAMES = ["GetRecords", "Lambda"]


def decoded(change: Change) -> Any:
    """Decode a change; both hosts' records must give the same event."""
    event, other = (decode(host(change), STREAM_ARN, STAMPS) for host in HOSTS)
    assert other == event
    return event


def who(event: Any) -> tuple[str | None, ...]:
    return (event.actor, event.reason, event.note, event.reference, event.request_id)


NOBODY = (None,) * 5
ADA = ("ada", "sold", "two boxes", "SO-7", "r-1")
