"""Records are durable before they are published, in the stream's order."""

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace

import pytest

from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.core.stamps import Stamps
from app.runtime.retry import Stopped
from app.store.audit.audit_repository import Appended
from app.store.coordination.hold import Hold
from tests.support.builders import (
    NOON,
    STREAM_ARN,
    an_item,
    as_boto3,
    as_lambda,
    inserted,
    modified,
)
from tests.support.processes.fault_points import pipeline_with_points
from tests.unit.worker.pipeline.steps import Steps, put


@pytest.fixture
def steps() -> Steps:
    return Steps()


def test_a_page_is_audited_then_published_in_order(steps: Steps) -> None:
    steps.pipeline().process([put("b", 1), put("a", 2), put("c", 3)], STREAM_ARN)
    assert steps.log == [("audit", ["b", "a", "c"]), ("publish", ["b", "a", "c"])]


def test_each_batch_is_published_before_the_next_is_audited(steps: Steps) -> None:
    steps.pipeline().process([put(f"p{n}", n) for n in range(1, 50)], STREAM_ARN)
    assert [(name, len(what)) for name, what in steps.log] == [
        ("audit", 24),
        ("publish", 24),
        ("audit", 24),
        ("publish", 24),
        ("audit", 1),
        ("publish", 1),
    ]


def test_changes_of_one_product_keep_their_order(steps: Steps) -> None:
    """Sequence numbers and times are not compared: times repeat, sequence numbers wrap around."""
    seen: list[int | None] = []
    steps.publish = lambda arrived, _hold: seen.extend(event.stock_after for _, event in arrived)  # type: ignore[method-assign]
    records = [
        as_boto3(
            modified(
                an_item(Stock=n - 1),
                an_item(Stock=n),
                sequence_number=str(1_000_000_000 - n),
                at=NOON - timedelta(seconds=n),
            )
        )
        for n in range(1, 60)
    ]
    steps.pipeline().process(records, STREAM_ARN)
    assert seen == list(range(1, 60))


def test_a_record_that_is_in_a_page_twice_is_processed_once(steps: Steps) -> None:
    steps.pipeline().process([put("a"), put("b", 2), put("a")], STREAM_ARN)
    assert steps.of("audit") == [["a", "b"]]


def test_an_empty_page_does_nothing(steps: Steps) -> None:
    steps.pipeline().process([], STREAM_ARN)
    assert steps.log == []


def test_records_from_lambda_are_processed_alike(steps: Steps) -> None:
    steps.pipeline().process([as_lambda(inserted(an_item("a", Photo=b"\xff")))], STREAM_ARN)
    assert steps.of("publish") == [["a"]]


def test_a_table_s_own_names_are_used(steps: Steps) -> None:
    record = put("-")
    record["dynamodb"] |= {"Keys": {"sku": {"S": "a"}}, "NewImage": {"sku": {"S": "a"}}}
    steps.pipeline(
        Stamps("Products", AttributeNames(KeySchema(KeyPart("sku")), "title", "qty"))
    ).process([record], STREAM_ARN)
    assert steps.of("publish") == [["a"]]


def test_nothing_is_published_before_it_is_durable(steps: Steps) -> None:
    def stopped(_: Sequence[ChangeEvent], hold: Hold) -> Appended:
        raise Stopped

    steps.accept = stopped  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        steps.pipeline().process([put("a")], STREAM_ARN)
    assert steps.of("publish") == []


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("before audit", []),
        ("between audit and broker", ["audit"]),
        ("between broker and checkpoint", ["audit", "publish"]),
    ],
)
def test_after_a_crash_everything_published_was_audited(
    steps: Steps, point: str, done: list[str]
) -> None:
    def crash(reached: str) -> None:
        if reached == point:
            raise SystemExit

    with pytest.raises(SystemExit):
        steps.pipeline(kind=pipeline_with_points(crash)).process([put("a")], STREAM_ARN)
    assert [name for name, _ in steps.log] == done
    steps.pipeline().process([put("a")], STREAM_ARN)  # the page is read again
    assert steps.of("publish")[-1] == ["a"]


def test_the_newest_batch_says_what_it_took(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is read before the audit, before the broker, and after it."""
    ticks = iter([0.0, 0.5, 0.6, 10.0, 10.1, 11.1])
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("worker.pipeline.pipeline.time", clock)
    pipeline = steps.pipeline()
    assert pipeline.took == (None, None)
    pipeline.process([put("a")], STREAM_ARN)
    assert pipeline.took == (0.5, 0.1)
    pipeline.process([put("b")], STREAM_ARN)
    assert pipeline.took == (0.1, 1.0)
