"""Records that cannot be processed are parked as dead letters, and other records are unaffected."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.runtime.retry import Retry
from app.store.coordination.hold import Hold
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from tests.support.builders import (
    STAMPS,
    STREAM_ARN,
    an_item,
    as_boto3,
    modified,
)
from tests.unit.worker.pipeline.steps import Steps, put
from tests.unit.worker.stream.poison import POISON
from worker.pipeline.pipeline import Pipeline


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.mark.parametrize("record", POISON.values(), ids=POISON)
def test_undecodable_records_are_parked_raw_and_the_rest_continues(
    steps: Steps, record: Any
) -> None:
    steps.pipeline().process([put("a", 1), record, put("b", 2)], STREAM_ARN)
    assert [parked for _, parked in steps.of("park")] == [record]
    assert steps.of("publish") == [["a", "b"]]


def test_a_dead_letter_is_stored_under_its_product_if_known(steps: Steps) -> None:
    known = put("a") | {"eventName": "UPSERT"}
    steps.pipeline().process([known, {}], STREAM_ARN)
    assert [product_id for product_id, _ in steps.of("park")] == ["a", "unknown"]


def test_refused_records_are_parked_before_the_rest_is_published(steps: Steps) -> None:
    steps.refuses = {"b"}
    records = [put("a", 1), put("b", 2), put("c", 3)]
    steps.pipeline().process(records, STREAM_ARN)
    assert steps.log == [
        ("audit", ["a", "b", "c"]),
        ("park", ("b", records[1])),
        ("publish", ["a", "c"]),
    ]


def test_parking_is_retried_until_it_succeeds(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runtime.retry.pause", Backoff(0.0, 0.0))
    park, failures = steps.park, iter([StoreUnavailable("down")] * 3)

    def flaky(letters: Sequence[Letter], hold: Hold) -> None:
        for error in failures:
            raise error
        park(letters, hold)

    steps.park = flaky  # type: ignore[method-assign]
    steps.pipeline().process([{}], STREAM_ARN)
    assert steps.of("park") == [("unknown", {})]


class FullTable:
    """A table that refuses items over 400 KB."""

    def __init__(self) -> None:
        self.saved: list[dict[str, Any]] = []

    def transact_write_items(self, TransactItems: list[Any], **_: Any) -> None:  # noqa: N803
        (action,) = TransactItems
        item = action["Update"]["ExpressionAttributeValues"]
        size = sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())
        if size > 400 * 1024:
            message = "Item size has exceeded the maximum allowed size"
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, "Transact"
            )
        self.saved.append(item)


def test_a_record_too_large_for_a_dead_letter_does_not_block_the_shard(steps: Steps) -> None:
    """An item of 300 KB has images of 600 KB."""
    large = "x" * 300_000
    item = an_item("big", Text=large)
    record = as_boto3(modified(item, item | {"Stock": {"N": "1"}}))
    record["dynamodb"]["ApproximateCreationDateTime"] = None
    table = FullTable()
    letters = DeadLetters(table, "DeadLetters")  # type: ignore[arg-type]
    pipeline = Pipeline(
        steps,  # type: ignore[arg-type]
        steps.publish,
        letters,
        Retry(threading.Event()),
        STAMPS,
    )
    pipeline.process([record, put("b", 2)], STREAM_ARN)
    assert len(table.saved) == 1
    assert steps.of("publish") == [["b"]]
