"""A batch is processed up to the first record that is not durable, within Lambda's time limit."""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from app.runtime.retry import Stopped
from tests.support.builders import STREAM_ARN, an_item, as_lambda, inserted
from worker.aws_lambda.invocation import MARGIN, MARGIN_SHARE, LambdaHost, Unanswerable, budget

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


class Recorder:
    """A pipeline that records what it made durable, and fails on request."""

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


def test_a_batch_is_processed_completely_and_in_order() -> None:
    recorder, records = Recorder(), batch(60)
    assert recorder.host.handle_batch(records, 30) == ALL_DONE
    assert recorder.records == records


def test_no_records_are_no_failure() -> None:
    assert Recorder().host.handle_batch([], 30) == ALL_DONE


def test_each_record_is_processed_under_its_own_stream_arn() -> None:
    recorder = Recorder()
    records = batch(2) + batch(3, 3, OTHER_ARN) + [{}]
    assert recorder.host.handle_batch(records, 30) == ALL_DONE
    assert recorder.calls == [(STREAM_ARN, 2), (OTHER_ARN, 3), ("", 1)]


def test_when_time_is_up_lambda_retries_from_the_current_batch() -> None:
    records = batch(60)
    recorder = Recorder(lambda record: Stopped() if record is records[30] else None)
    assert recorder.host.handle_batch(records, 30) == named(records[24])
    assert recorder.records == records[:24]


def test_a_record_that_breaks_the_pipeline_is_returned_and_all_before_it_are_durable() -> None:
    records = batch(60)
    recorder = Recorder(lambda record: RuntimeError("bug") if record is records[30] else None)
    assert recorder.host.handle_batch(records, 30) == named(records[30])
    assert recorder.records == records[:30]


def test_an_error_that_is_gone_at_the_second_attempt_fails_nothing() -> None:
    records = batch(3)
    faults = iter([RuntimeError("once")])
    recorder = Recorder(lambda _record: next(faults, None))
    assert recorder.host.handle_batch(records, 30) == ALL_DONE
    assert recorder.records == records


def test_time_can_run_out_while_records_are_retried_one_by_one() -> None:
    records = batch(3)
    faults = iter([RuntimeError("bug"), None, Stopped()])
    recorder = Recorder(lambda _record: next(faults, None))
    assert recorder.host.handle_batch(records, 30) == named(records[1])


def test_an_invocation_without_any_sequence_number_to_return_fails() -> None:
    recorder = Recorder(lambda _record: Stopped())
    with pytest.raises(Unanswerable):
        recorder.host.handle_batch([{}], 30)


def test_endless_retries_stop_before_lambda_kills_the_function_and_the_next_one_continues() -> None:
    throttled = True

    def until_stopped(_record: Any) -> Exception | None:
        if throttled:
            assert recorder.stop.wait(20), "never stopped"
            return Stopped()
        return None

    recorder, records = Recorder(until_stopped), batch(1)
    started = time.monotonic()
    assert recorder.host.handle_batch(records, 0.2) == named(records[0])
    assert 0.1 < time.monotonic() - started < 10
    throttled = False
    assert not recorder.stop.is_set()
    assert recorder.host.handle_batch(records, 30) == ALL_DONE


def test_no_timer_outlives_its_invocation() -> None:
    before = set(threading.enumerate())
    recorder = Recorder()
    recorder.host.handle_batch(batch(1), 30)
    assert set(threading.enumerate()) <= before


def test_the_margin_is_a_share_of_a_short_timeout_and_never_all_of_it() -> None:
    assert budget(60) == 60 - MARGIN
    assert budget(3) == 3 * (1 - MARGIN_SHARE)
    assert budget(0) == 0
    left = [budget(seconds / 10) for seconds in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(left))


def test_a_scheduled_task_runs_alone_and_gets_its_deadline() -> None:
    deadlines, others = list[float](), list[float]()
    ticks = {"sinks": deadlines.append, "reconcile": others.append}
    host = LambdaHost(Recorder().process, threading.Event(), ticks)
    started = time.monotonic()
    assert host.tick("sinks", 60) == {"done": "sinks"}
    (deadline,) = deadlines
    assert started + budget(60) <= deadline <= time.monotonic() + budget(60)
    assert others == []


def test_a_scheduled_task_that_fails_fails_its_invocation() -> None:
    def broken(_deadline: float) -> None:
        raise RuntimeError("bug")

    host = LambdaHost(Recorder().process, threading.Event(), {"reconcile": broken})
    with pytest.raises(RuntimeError, match="bug"):
        host.tick("reconcile", 60)


def test_a_scheduled_task_whose_time_is_up_does_not_fail_its_invocation() -> None:
    stop = threading.Event()

    def endless(_deadline: float) -> None:
        assert stop.wait(20), "never stopped"
        raise Stopped

    host = LambdaHost(Recorder().process, stop, {"reconcile": endless})
    assert host.tick("reconcile", 0.1) == {"done": "reconcile"}
    assert not stop.is_set()


def test_a_batch_runs_no_scheduled_task() -> None:
    ran: list[float] = []
    ticks = {"sinks": ran.append, "reconcile": ran.append}
    host = LambdaHost(Recorder().process, threading.Event(), ticks)
    assert host.handle_batch(batch(30), 30) == ALL_DONE
    assert ran == []


class BeginRecorder(Recorder):
    """As `Recorder`; also records how each invocation raised its clock before its first record."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.begins: list[tuple[int, int]] = []  # stamps, records processed before
        self.host = LambdaHost(self.process, self.stop, {"reconcile": self.tick}, self.begin)
        self.ticks = 0

    def begin(self, stamps: int) -> None:
        self.begins.append((stamps, len(self.records)))
        if self.error is not None:
            raise self.error

    def tick(self, _until: float) -> None:
        self.ticks += 1


@pytest.mark.parametrize(("count", "stamps"), [(1, 1), (24, 1), (25, 2), (100, 5)])
def test_each_invocation_first_raises_its_clock_by_the_stamps_that_it_needs(
    count: int, stamps: int
) -> None:
    started = BeginRecorder()
    started.host.handle_batch(batch(count), 30)
    started.host.tick("reconcile", 30)
    started.host.handle_batch(batch(count), 30)
    assert started.begins == [(stamps, 0), (1, count), (stamps, count)]


def test_an_invocation_that_cannot_raise_its_clock_in_time_processes_nothing() -> None:
    started, records = BeginRecorder(Stopped()), batch(30)
    assert started.host.handle_batch(records, 30) == named(records[0])
    assert started.host.tick("reconcile", 30) == {"done": "reconcile"}
    assert (started.records, started.ticks) == ([], 0)
