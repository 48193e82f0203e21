"""A sink gets each product's events in order, and a failing product does not stop others."""

import pytest

from app.runtime.backoff import LONGEST_RETRY_AFTER
from tests.unit.store.timeline.building import cursor
from tests.unit.worker.consumers.scheduling import Bench, names


def test_calls_run_in_parallel_but_never_two_for_one_product() -> None:
    bench = Bench()
    bench.offer(("a", 1), ("a", 2), ("b", 1))
    first, second = bench.calls()
    assert (names(first), names(second)) == (["a1"], ["b1"])
    assert bench.next() is None
    bench.succeed(first)
    assert names(bench.next()) == ["a2"]


def test_a_batch_contains_several_products_each_in_order() -> None:
    bench = Bench(batch_size=3)
    bench.offer(("a", 1), ("b", 1), ("a", 2), ("b", 2))
    (call,) = bench.calls()
    assert names(call) == ["a1", "a2", "b1"]


def test_a_call_never_contains_an_event_twice() -> None:
    bench = Bench(batch_size=10)
    bench.offer(("a", 1), ("a", 2), ("a", 1), ("a", 2), ("b", 1))
    (call,) = bench.calls()
    assert names(call) == ["a1", "a2", "b1"]
    bench.succeed(call)
    assert names(bench.next()) == ["a1", "a2"]


def test_a_call_that_was_not_made_comes_again() -> None:
    bench = Bench(batch_size=3)
    bench.offer(("a", 1), ("b", 1), ("a", 2), ("b", 2))
    bench.schedule.put_back(bench.due())
    assert len(bench.schedule) == 4
    again = bench.due()
    assert names(again) == ["a1", "a2", "b1"]
    bench.succeed(again)
    assert names(bench.due()) == ["b2"]


def test_a_batch_waits_for_its_window_unless_it_is_full() -> None:
    bench = Bench(batch_size=2, window=5.0)
    bench.offer(("a", 1))
    assert bench.next() is None
    assert bench.schedule.wait(bench.now) == 5.0
    bench.now = 5.0
    assert names(bench.next()) == ["a1"]
    bench.offer(("b", 1), ("c", 1))
    assert names(bench.next()) == ["b1", "c1"]


def test_a_failed_call_is_retried_in_order_and_others_continue() -> None:
    bench = Bench()
    bench.offer(("a", 1), ("a", 2), ("b", 1))
    a, b = bench.calls()
    bench.fail(a)
    bench.succeed(b)
    assert bench.next() is None
    bench.later()
    assert names(bench.next()) == ["a1"]


def test_events_accepted_before_a_failure_are_not_delivered_again() -> None:
    bench = Bench(batch_size=3)
    bench.offer(("a", 1), ("a", 2), ("b", 1))
    (call,) = bench.calls()
    bench.fail(call, accepted=1)
    assert len(bench.schedule) == 2
    bench.later()
    assert names(bench.next()) == ["a2", "b1"]


def test_a_partly_accepted_call_delivers_the_rest_again() -> None:
    bench = Bench(batch_size=2)
    bench.offer(("a", 1), ("a", 2))
    (call,) = bench.calls()
    bench.fail(call, accepted=1)
    bench.later()
    (again,) = bench.calls()
    assert names(again) == ["a2"]
    bench.succeed(again)
    assert len(bench.schedule) == 0


def test_the_batch_size_is_halved_after_three_failures_and_grows_again() -> None:
    bench = Bench(batch_size=4)
    bench.offer(*((product, 1) for product in "abcd"))
    sizes = []
    for _ in range(6):
        call = bench.due()
        sizes.append(len(call.deliveries))
        bench.fail(call)
        bench.later()
    assert sizes == [4, 4, 4, 2, 2, 2]
    while (call := bench.next()) is not None:
        sizes.append(len(call.deliveries))
        bench.succeed(call)
    assert sizes[6:] == [1, 2, 1]


def test_an_event_that_fails_alone_while_others_succeed_is_rejected() -> None:
    bench = Bench(retries=2)
    bench.offer(("a", 1))
    tries = 0
    for number in range(1, 10):
        call = bench.due()
        if call.refusal is not None:
            break
        bench.fail(call)
        tries += 1
        bench.offer(("b", number))
        other = bench.next()
        assert names(other) == [f"b{number}"]
        assert other is not None
        bench.succeed(other)
        bench.later()
    assert (tries, call.refusal, names(call)) == (3, "down", ["a1"])
    bench.succeed(call)
    assert len(bench.schedule) == 0


def test_a_sink_that_is_down_never_rejects_events() -> None:
    bench = Bench(retries=0)
    bench.offer(*((product, 1) for product in "abcdef"))
    for _ in range(50):
        for call in bench.calls():
            assert call.refusal is None
            bench.fail(call)
        bench.later()
    assert len(bench.schedule) == 6


def test_a_sink_that_is_down_is_probed_by_one_call_at_a_time() -> None:
    bench = Bench()
    bench.offer(*((product, 1) for product in "abcdef"))
    for call in bench.calls():
        bench.fail(call)
    bench.later()
    assert len(bench.calls()) == 1


def test_a_failing_product_does_not_delay_other_products() -> None:
    bench = Bench()
    bench.offer(("a", 1))
    bench.fail_alone(5)
    bench.offer(("b", 1))
    assert names(bench.next()) == ["b1"]


@pytest.mark.parametrize(("retry_after", "pause"), [(30.0, 30.0), (10**9, LONGEST_RETRY_AFTER)])
def test_retry_after_pauses_the_whole_sink(retry_after: float, pause: float) -> None:
    bench = Bench()
    bench.offer(("a", 1), ("b", 1))
    call = bench.due()
    bench.fail(call, retry_after=retry_after)
    assert bench.next() is None
    bench.now = pause - 0.1
    assert bench.next() is None
    bench.now = pause
    assert bench.next() is not None


def test_an_event_past_the_maximum_age_is_rejected_with_its_last_error() -> None:
    bench = Bench(age=60)
    bench.offer(("a", 1))
    call = bench.due()
    bench.fail(call)
    bench.later()
    bench.age = 61.0
    refused = bench.due()
    assert refused.refusal == "too old to be retried: it arrived 61 s ago: down"


def test_the_oldest_cursor_is_that_of_the_first_pending_event() -> None:
    bench = Bench()
    assert bench.schedule.oldest is None
    bench.offer(("a", 7), ("b", 3))
    assert bench.schedule.oldest == cursor(1_003, ord("b"))
    (a, b) = bench.calls()
    bench.succeed(b)
    assert bench.schedule.oldest == cursor(1_007, ord("a"))
    assert cursor(1_003, ord("b")) not in bench.schedule
    bench.succeed(a)
    assert bench.schedule.size == 0


def test_after_an_outage_an_event_that_failed_alone_is_soon_retried() -> None:
    """Otherwise its pause would be as long as at the end of the outage."""
    bench = Bench()
    bench.offer(("a", 1))
    bench.fail_alone(12)
    bench.offer(("b", 1))
    other = bench.due()
    bench.succeed(other)
    bench.now += 1.0
    assert names(bench.next()) == ["a1"]
