"""Durable before published, published before returned; what cannot be taken is parked, not lost."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.events import ChangeEvent
from app.item import DEFAULT_NAMES, AttributeNames
from app.store.audit import Appended, Arrived
from app.store.dead_letters import DeadLetters
from app.store.errors import StoreUnavailable
from app.store.feed import ROW_LIMIT
from app.store.leases import Hold, LeaseLost
from app.store.letters import Letter
from tests.support.builders import (
    NOON,
    STREAM_ARN,
    a_cursor,
    an_item,
    as_boto3,
    as_lambda,
    inserted,
    modified,
)
from tests.unit.worker.poison import POISON
from worker.pipeline import DEPTH, Pipeline
from worker.retry import Retry, Stopped
from worker.sinks.audit import STAMP_LIFE, AuditSink


class Steps:
    """Hand-made sinks that write down what reached them, in order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, Any]] = []
        self.refuses: set[str] = set()
        self.arrivals = 0

    def accept(self, events: Sequence[ChangeEvent], hold: Hold | None = None) -> Appended:
        self.log.append(("audit", [event.product_id for event in events]))
        taken = [event for event in events if event.product_id not in self.refuses]
        arrived = []
        for event in taken:
            self.arrivals += 1
            arrived.append((a_cursor(self.arrivals), event))
        return Appended(arrived, [(e, "too large") for e in events if e not in taken])

    def publish(self, arrived: Sequence[Arrived], hold: Hold) -> None:
        self.log.append(("publish", [event.product_id for _, event in arrived]))

    def park(self, letters: Sequence[Letter], hold: Hold) -> None:
        self.log += [("park", (letter.product_id, letter.record)) for letter in letters]

    def pipeline(
        self,
        names: AttributeNames = DEFAULT_NAMES,
        reached: Callable[[str], None] = lambda _point: None,
    ) -> Pipeline:
        return Pipeline(self, self.publish, self, Retry(threading.Event()), names, reached)  # type: ignore[arg-type]

    def of(self, step: str) -> list[Any]:
        return [what for name, what in self.log if name == step]


def put(product_id: str, number: int = 1, **attributes: Any) -> dict[str, Any]:
    """The record of a new product."""
    change = inserted(an_item(product_id, **attributes), sequence_number=str(number))
    return as_boto3(change)


@pytest.fixture
def steps() -> Steps:
    return Steps()


def test_a_page_is_audited_then_published_in_its_order(steps: Steps) -> None:
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
    """Whatever their numbers and times would say (FACTS §1.16, §1.17)."""
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


def test_a_record_that_is_in_a_page_twice_is_taken_once(steps: Steps) -> None:
    steps.pipeline().process([put("a"), put("b", 2), put("a")], STREAM_ARN)
    assert steps.of("audit") == [["a", "b"]]


def test_an_empty_page_reaches_no_sink(steps: Steps) -> None:
    steps.pipeline().process([], STREAM_ARN)
    assert steps.log == []


def test_records_of_lambda_are_taken_alike(steps: Steps) -> None:
    steps.pipeline().process([as_lambda(inserted(an_item("a", Photo=b"\xff")))], STREAM_ARN)
    assert steps.of("publish") == [["a"]]


def test_a_table_s_own_names_are_used(steps: Steps) -> None:
    record = put("-")
    record["dynamodb"] |= {"Keys": {"sku": {"S": "a"}}, "NewImage": {"sku": {"S": "a"}}}
    steps.pipeline(AttributeNames("sku", "title", "qty")).process([record], STREAM_ARN)
    assert steps.of("publish") == [["a"]]


@pytest.mark.parametrize("record", POISON.values(), ids=POISON)
def test_what_cannot_be_decoded_is_parked_raw_and_the_rest_goes_on(
    steps: Steps, record: Any
) -> None:
    steps.pipeline().process([put("a", 1), record, put("b", 2)], STREAM_ARN)
    assert [parked for _, parked in steps.of("park")] == [record]
    assert steps.of("publish") == [["a", "b"]]


def test_a_parked_record_is_under_its_product_where_that_is_known(steps: Steps) -> None:
    known = put("a") | {"eventName": "UPSERT"}
    steps.pipeline().process([known, {}], STREAM_ARN)
    assert [product_id for product_id, _ in steps.of("park")] == ["a", "unknown"]


def test_what_the_audit_refuses_is_parked_before_the_rest_is_published(steps: Steps) -> None:
    steps.refuses = {"b"}
    records = [put("a", 1), put("b", 2), put("c", 3)]
    steps.pipeline().process(records, STREAM_ARN)
    assert steps.log == [
        ("audit", ["a", "b", "c"]),
        ("park", ("b", records[1])),
        ("publish", ["a", "c"]),
    ]


def test_nothing_is_published_that_is_not_durable(steps: Steps) -> None:
    def stopped(_: Sequence[ChangeEvent], hold: Hold) -> Appended:
        raise Stopped

    steps.accept = stopped  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        steps.pipeline().process([put("a")], STREAM_ARN)
    assert steps.of("publish") == []


def test_parking_is_tried_until_it_succeeds(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.retry.FIRST_PAUSE", 0.0)
    park, failures = steps.park, iter([StoreUnavailable("down")] * 3)

    def flaky(letters: Sequence[Letter], hold: Hold) -> None:
        for error in failures:
            raise error
        park(letters, hold)

    steps.park = flaky  # type: ignore[method-assign]
    steps.pipeline().process([{}], STREAM_ARN)
    assert steps.of("park") == [("unknown", {})]


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("before audit", []),
        ("between audit and broker", ["audit"]),
        ("between broker and checkpoint", ["audit", "publish"]),
    ],
)
def test_a_crash_leaves_nothing_published_that_was_not_audited(
    steps: Steps, point: str, done: list[str]
) -> None:
    def crash(reached: str) -> None:
        if reached == point:
            raise SystemExit

    with pytest.raises(SystemExit):
        steps.pipeline(reached=crash).process([put("a")], STREAM_ARN)
    assert [name for name, _ in steps.log] == done
    steps.pipeline().process([put("a")], STREAM_ARN)  # the page is read again
    assert steps.of("publish")[-1] == ["a"]


class FullTable:
    """DynamoDB, as far as a dead letter needs it: it refuses items over 400 KB."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def transact_write_items(self, TransactItems: list[Any], **_: Any) -> None:  # noqa: N803
        (action,) = TransactItems
        item = action["Update"]["ExpressionAttributeValues"]
        size = sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())
        if size > 400 * 1024:
            message = "Item size has exceeded the maximum allowed size"
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, "Transact"
            )
        self.kept.append(item)


def test_a_record_too_large_for_a_dead_letter_does_not_hold_the_shard(steps: Steps) -> None:
    """An outside writer's item under a reserved id, of 300 KB, makes 600 KB of images."""
    large = "x" * 300_000
    item = an_item("\0mine", Text=large)
    record = as_boto3(modified(item, item | {"Stock": {"N": "1"}}))
    table = FullTable()
    letters = DeadLetters(table, "DeadLetters")  # type: ignore[arg-type]
    pipeline = Pipeline(
        steps,  # type: ignore[arg-type]
        steps.publish,
        letters,
        Retry(threading.Event()),
        DEFAULT_NAMES,
    )
    pipeline.process([record, put("b", 2)], STREAM_ARN)
    assert len(table.kept) == 1
    assert steps.of("publish") == [["b"]]


class SlowAudit:
    """An audit whose first calls take long."""

    def __init__(self, *seconds: float) -> None:
        self.now = 0.0
        self._seconds = list(seconds)
        self.calls: list[str] = []

    def monotonic(self) -> float:
        return self.now

    def append(self, events: Sequence[ChangeEvent]) -> Appended:
        return Appended(self._done("append", events), [])

    def restamp(self, events: Sequence[ChangeEvent]) -> list[Arrived]:
        return self._done("restamp", events)

    def _done(self, call: str, events: Sequence[ChangeEvent]) -> list[Arrived]:
        self.calls.append(call)
        self.now += self._seconds.pop(0) if self._seconds else 0
        return [(a_cursor(len(self.calls)), event) for event in events]


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [
        ([STAMP_LIFE], ["append"]),
        ([STAMP_LIFE + 0.1], ["append", "restamp"]),
        ([60, 60], ["append", "restamp", "restamp"]),
    ],
)
def test_a_batch_held_up_for_longer_than_its_stamp_lives_gets_a_fresh_row(
    steps: Steps, seconds: list[float], calls: list[str]
) -> None:
    audit = SlowAudit(*seconds)
    sink = AuditSink(audit, Retry(threading.Event()), audit.monotonic)  # type: ignore[arg-type]
    published: list[Arrived] = []
    pipeline = Pipeline(
        sink,
        lambda arrived, _hold: published.extend(arrived),
        steps,  # type: ignore[arg-type]
        Retry(threading.Event()),
        DEFAULT_NAMES,
    )
    pipeline.process([put("a")], STREAM_ARN)
    assert audit.calls == calls
    assert [cursor for cursor, _ in published] == [a_cursor(len(calls))]


class Held:
    """A hold that can be lost, and says when it was looked at."""

    def __init__(self, *, lost: bool = False) -> None:
        self.looks = 0
        self._lost = lost

    def check(self) -> None:
        self.looks += 1
        if self._lost:
            raise LeaseLost

    def condition(self) -> dict[str, Any] | None:
        return None


def late_pipeline(steps: Steps, published: list[Arrived], dropped: list[str]) -> Pipeline:
    """A pipeline whose audit takes a minute at its first try."""
    audit = SlowAudit(60)
    sink = AuditSink(
        audit,  # type: ignore[arg-type]
        Retry(threading.Event()),
        audit.monotonic,
        drop_stamps=lambda: dropped.append("dropped"),
    )
    retry = Retry(threading.Event())
    return Pipeline(
        sink,
        lambda arrived, _hold: published.extend(arrived),
        steps,  # type: ignore[arg-type]
        retry,
        DEFAULT_NAMES,
    )


def test_a_late_batch_looks_at_its_lease_before_it_is_stamped_again(steps: Steps) -> None:
    published: list[Arrived] = []
    hold = Held()
    late_pipeline(steps, published, []).process([put("a")], STREAM_ARN, hold)
    assert (hold.looks, len(published)) == (1, 1)


def test_a_late_batch_whose_lease_is_lost_is_dropped(steps: Steps) -> None:
    published: list[Arrived] = []
    dropped: list[str] = []
    with pytest.raises(LeaseLost):
        late_pipeline(steps, published, dropped).process([put("a")], STREAM_ARN, Held(lost=True))
    assert (published, dropped) == ([], ["dropped"])


def test_what_is_published_is_handed_on_in_order_some_batches_at_a_time(steps: Steps) -> None:
    steps.refuses = {"p3"}
    handed: list[list[str]] = []
    some = DEPTH * ROW_LIMIT
    steps.pipeline().process(
        [put(f"p{n}", n) for n in range(1, some + 3)],
        STREAM_ARN,
        then=lambda taken: handed.append([event.product_id for event, _ in taken]),
    )
    names = [f"p{n}" for n in range(1, some + 3)]
    assert handed == [[name for name in names[:some] if name != "p3"], names[some:]]
