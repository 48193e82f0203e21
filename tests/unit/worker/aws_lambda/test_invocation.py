"""Up to the first record that is not durable, within the time that Lambda gives."""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from app.runtime.retry import Stopped
from tests.support.builders import STREAM_ARN, an_item, as_lambda, inserted
from worker.aws_lambda.batch_response import Unanswerable
from worker.aws_lambda.invocation import MARGIN, MARGIN_SHARE, LambdaHost, budget

OTHER_ARN = STREAM_ARN + "0"
ALL_DONE: dict[str, Any] = {"batchItemFailures": []}


def batch(count: int, first: int = 1, arn: str = STREAM_ARN) -> list[dict[str, Any]]:
    numbers = range(first, first + count)
    return [
        as_lambda(inserted(an_item(f"p{number}"), sequence_number=str(number)))
        | {"eventSourceARN": arn}
        for number in numbers
    ]


def named(record: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}


class Taken:
    """A pipeline that keeps what it made durable, and fails on request."""

    def __init__(self, fails: Callable[[Any], Exception | None] = lambda _record: None) -> None:
        self.records: list[Any] = []
        self.calls: list[tuple[str, int]] = []
        self._fails = fails
        self.stop = threading.Event()
        self.host = LambdaHost(self.process, self.stop)

    def process(self, records: Sequence[Any], arn: str) -> None:
        self.calls.append((arn, len(records)))
        for record in records:
            error = self._fails(record)
            if error is not None:
                raise error
        self.records += records


def test_a_batch_is_taken_whole_in_its_order() -> None:
    taken, records = Taken(), batch(60)
    assert taken.host.handle_batch(records, 30) == ALL_DONE
    assert taken.records == records


def test_no_records_are_no_failure() -> None:
    assert Taken().host.handle_batch([], 30) == ALL_DONE


def test_each_record_is_taken_under_the_stream_that_it_names() -> None:
    taken = Taken()
    records = batch(2) + batch(3, 3, OTHER_ARN) + [{}]
    assert taken.host.handle_batch(records, 30) == ALL_DONE
    assert taken.calls == [(STREAM_ARN, 2), (OTHER_ARN, 3), ("", 1)]


def test_when_time_is_up_the_batch_in_hand_is_what_lambda_hands_over_again() -> None:
    records = batch(60)
    taken = Taken(lambda record: Stopped() if record is records[30] else None)
    assert taken.host.handle_batch(records, 30) == named(records[24])
    assert taken.records == records[:24]


def test_a_record_that_breaks_the_pipeline_is_named_itself_and_what_was_before_it_is_durable() -> (
    None
):
    records = batch(60)
    taken = Taken(lambda record: RuntimeError("bug") if record is records[30] else None)
    assert taken.host.handle_batch(records, 30) == named(records[30])
    assert taken.records == records[:30]


def test_a_fault_that_passes_at_the_second_try_fails_nothing() -> None:
    records = batch(3)
    faults = iter([RuntimeError("once")])
    taken = Taken(lambda _record: next(faults, None))
    assert taken.host.handle_batch(records, 30) == ALL_DONE
    assert taken.records == records


def test_time_can_run_out_while_records_are_tried_one_by_one() -> None:
    records = batch(3)
    faults = iter([RuntimeError("bug"), None, Stopped()])
    taken = Taken(lambda _record: next(faults, None))
    assert taken.host.handle_batch(records, 30) == named(records[1])


def test_without_any_number_to_name_the_invocation_fails() -> None:
    taken = Taken(lambda _record: Stopped())
    with pytest.raises(Unanswerable):
        taken.host.handle_batch([{}], 30)


def test_a_retry_without_end_ends_before_lambda_would_kill_it_and_the_next_one_goes_on() -> None:
    throttled = True

    def until_stopped(_record: Any) -> Exception | None:
        if throttled:
            assert taken.stop.wait(20), "never stopped"
            return Stopped()
        return None

    taken, records = Taken(until_stopped), batch(1)
    begun = time.monotonic()
    assert taken.host.handle_batch(records, 0.2) == named(records[0])
    assert 0.1 < time.monotonic() - begun < 10
    throttled = False
    assert not taken.stop.is_set()
    assert taken.host.handle_batch(records, 30) == ALL_DONE


def test_no_timer_outlives_its_invocation() -> None:
    before = threading.active_count()
    taken = Taken()
    taken.host.handle_batch(batch(1), 30)
    assert threading.active_count() == before


def test_the_margin_is_a_share_of_a_short_timeout_and_never_all_of_it() -> None:
    assert budget(60) == 60 - MARGIN
    assert budget(3) == 3 * (1 - MARGIN_SHARE)
    assert budget(0) == 0
    left = [budget(seconds / 10) for seconds in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(left))


def test_a_scheduled_task_runs_alone_and_gets_its_deadline() -> None:
    deadlines, others = list[float](), list[float]()
    ticks = {"sinks": deadlines.append, "reconcile": others.append}
    host = LambdaHost(Taken().process, threading.Event(), ticks)
    begun = time.monotonic()
    assert host.tick("sinks", 60) == {"done": "sinks"}
    (deadline,) = deadlines
    assert begun + budget(60) <= deadline <= time.monotonic() + budget(60)
    assert others == []


def test_a_scheduled_task_that_fails_fails_its_invocation() -> None:
    def broken(_deadline: float) -> None:
        raise RuntimeError("bug")

    host = LambdaHost(Taken().process, threading.Event(), {"reconcile": broken})
    with pytest.raises(RuntimeError, match="bug"):
        host.tick("reconcile", 60)


def test_a_scheduled_task_whose_time_is_up_does_not_fail_its_invocation() -> None:
    stop = threading.Event()

    def endless(_deadline: float) -> None:
        assert stop.wait(20), "never stopped"
        raise Stopped

    host = LambdaHost(Taken().process, stop, {"reconcile": endless})
    assert host.tick("reconcile", 0.1) == {"done": "reconcile"}
    assert not stop.is_set()


def test_a_batch_runs_no_scheduled_task() -> None:
    ran: list[float] = []
    ticks = {"sinks": ran.append, "reconcile": ran.append}
    host = LambdaHost(Taken().process, threading.Event(), ticks)
    assert host.handle_batch(batch(30), 30) == ALL_DONE
    assert ran == []


class Begun(Taken):
    """As `Taken`; also notes how each invocation raised its clock before its first record."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.asked: list[tuple[int, int]] = []  # stamps, and how many records were taken before
        self.host = LambdaHost(self.process, self.stop, {"reconcile": self.tick}, self.begin)
        self.ticks = 0

    def begin(self, stamps: int) -> None:
        self.asked.append((stamps, len(self.records)))
        if self.error is not None:
            raise self.error

    def tick(self, _until: float) -> None:
        self.ticks += 1


@pytest.mark.parametrize(("count", "stamps"), [(1, 1), (24, 1), (25, 2), (100, 5)])
def test_each_invocation_first_raises_its_clock_by_the_stamps_that_it_needs(
    count: int, stamps: int
) -> None:
    begun = Begun()
    begun.host.handle_batch(batch(count), 30)
    begun.host.tick("reconcile", 30)
    begun.host.handle_batch(batch(count), 30)
    assert begun.asked == [(stamps, 0), (1, count), (stamps, count)]


def test_an_invocation_that_cannot_raise_its_clock_in_time_takes_nothing() -> None:
    begun, records = Begun(Stopped()), batch(30)
    assert begun.host.handle_batch(records, 30) == named(records[0])
    assert begun.host.tick("reconcile", 30) == {"done": "reconcile"}
    assert (begun.records, begun.ticks) == ([], 0)
