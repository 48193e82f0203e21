"""A sink gets each product's events in order, and a failing one stops no other."""

import pytest

from tests.unit.store.timeline.building import cursor, event
from worker.consumers.retry_policy import LONGEST_RETRY_AFTER, RetryPolicy
from worker.consumers.schedule import Call, Delivery, Schedule


class Desk:
    """A schedule with a clock, and words for what comes out of it."""

    def __init__(self, batch_size: int = 1, window: float = 0.0, **policy: int) -> None:
        self.now = 0.0
        self.schedule = Schedule(batch_size, window, RetryPolicy(**policy, jitter=lambda: 1.0))
        self.age = 0.0

    def offer(self, *events: tuple[str, int]) -> None:
        self.schedule.offer(
            [
                Delivery(event(product, number), cursor(1_000 + number, ord(product[0])))
                for product, number in events
            ],
            self.now,
        )

    def next(self) -> Call | None:
        return self.schedule.next(self.now, lambda _delivery: self.age)

    def due(self) -> Call:
        """The call that must be due now."""
        call = self.next()
        assert call is not None
        return call

    def fail_alone(self, times: int) -> None:
        """The next call fails so many times, at the longest pauses, and once more just now."""
        for _ in range(times):
            self.fail(self.due())
            self.later()
        self.fail(self.due())

    def calls(self) -> list[Call]:
        """Every call that may be made now."""
        found = []
        while (call := self.next()) is not None:
            found.append(call)
        return found

    def fail(self, call: Call, accepted: int = 0, asked: float | None = None) -> None:
        self.schedule.failed(call, accepted, "down", asked, self.now)

    def succeed(self, call: Call) -> None:
        self.schedule.succeeded(call, self.now)

    def later(self) -> None:
        """The longest pause has passed."""
        self.now += 100.0


def names(call: Call | None) -> list[str]:
    assert call is not None
    return [f"{one.event.product_id}{int(one.event.event_key[-4:])}" for one in call.deliveries]


def test_calls_run_at_once_but_never_two_for_one_product() -> None:
    desk = Desk()
    desk.offer(("a", 1), ("a", 2), ("b", 1))
    first, second = desk.calls()
    assert (names(first), names(second)) == (["a1"], ["b1"])
    assert desk.next() is None
    desk.succeed(first)
    assert names(desk.next()) == ["a2"]


def test_a_batch_holds_several_products_each_in_order() -> None:
    desk = Desk(batch_size=3)
    desk.offer(("a", 1), ("b", 1), ("a", 2), ("b", 2))
    (call,) = desk.calls()
    assert names(call) == ["a1", "a2", "b1"]


def test_a_call_never_contains_an_event_twice() -> None:
    desk = Desk(batch_size=10)
    desk.offer(("a", 1), ("a", 2), ("a", 1), ("a", 2), ("b", 1))
    (call,) = desk.calls()
    assert names(call) == ["a1", "a2", "b1"]
    desk.succeed(call)
    assert names(desk.next()) == ["a1", "a2"]


def test_a_batch_waits_for_its_window_unless_it_is_full() -> None:
    desk = Desk(batch_size=2, window=5.0)
    desk.offer(("a", 1))
    assert desk.next() is None
    assert desk.schedule.wait(desk.now) == 5.0
    desk.now = 5.0
    assert names(desk.next()) == ["a1"]
    desk.offer(("b", 1), ("c", 1))
    assert names(desk.next()) == ["b1", "c1"]


def test_a_failed_call_comes_again_in_order_and_others_go_on() -> None:
    desk = Desk()
    desk.offer(("a", 1), ("a", 2), ("b", 1))
    a, b = desk.calls()
    desk.fail(a)
    desk.succeed(b)
    assert desk.next() is None
    desk.later()
    assert names(desk.next()) == ["a1"]


def test_events_that_were_accepted_before_a_failure_do_not_come_again() -> None:
    desk = Desk(batch_size=3)
    desk.offer(("a", 1), ("a", 2), ("b", 1))
    (call,) = desk.calls()
    desk.fail(call, accepted=1)
    assert len(desk.schedule) == 2
    desk.later()
    assert names(desk.next()) == ["a2", "b1"]


def test_a_whole_call_whose_last_product_was_accepted_partly_keeps_the_rest() -> None:
    desk = Desk(batch_size=2)
    desk.offer(("a", 1), ("a", 2))
    (call,) = desk.calls()
    desk.fail(call, accepted=1)
    desk.later()
    (again,) = desk.calls()
    assert names(again) == ["a2"]
    desk.succeed(again)
    assert len(desk.schedule) == 0


def test_a_batch_is_halved_after_three_failures_and_grows_again() -> None:
    desk = Desk(batch_size=4)
    desk.offer(*((product, 1) for product in "abcd"))
    sizes = []
    for _ in range(6):
        call = desk.due()
        sizes.append(len(call.deliveries))
        desk.fail(call)
        desk.later()
    assert sizes == [4, 4, 4, 2, 2, 2]
    while (call := desk.next()) is not None:
        sizes.append(len(call.deliveries))
        desk.succeed(call)
    assert sizes[6:] == [1, 2, 1]


def test_an_event_that_fails_alone_while_others_succeed_is_rejected() -> None:
    desk = Desk(retries=2)
    desk.offer(("a", 1))
    tries = 0
    for number in range(1, 10):
        call = desk.due()
        if call.refusal is not None:
            break
        desk.fail(call)
        tries += 1
        desk.offer(("b", number))
        other = desk.next()
        assert names(other) == [f"b{number}"]
        assert other is not None
        desk.succeed(other)
        desk.later()
    assert (tries, call.refusal, names(call)) == (3, "down", ["a1"])
    desk.succeed(call)
    assert len(desk.schedule) == 0


def test_a_sink_that_is_down_rejects_nothing_however_long() -> None:
    desk = Desk(retries=0)
    desk.offer(*((product, 1) for product in "abcdef"))
    for _ in range(50):
        for call in desk.calls():
            assert call.refusal is None
            desk.fail(call)
        desk.later()
    assert len(desk.schedule) == 6


def test_a_sink_that_is_down_is_probed_by_one_call_at_a_time() -> None:
    desk = Desk()
    desk.offer(*((product, 1) for product in "abcdef"))
    for call in desk.calls():
        desk.fail(call)
    desk.later()
    assert len(desk.calls()) == 1


def test_a_failing_product_does_not_delay_the_next_one_of_a_quiet_shop() -> None:
    desk = Desk()
    desk.offer(("a", 1))
    desk.fail_alone(5)
    desk.offer(("b", 1))
    assert names(desk.next()) == ["b1"]


@pytest.mark.parametrize(("asked", "pause"), [(30.0, 30.0), (10**9, LONGEST_RETRY_AFTER)])
def test_a_retry_after_stops_the_whole_sink_for_as_long(asked: float, pause: float) -> None:
    desk = Desk()
    desk.offer(("a", 1), ("b", 1))
    call = desk.due()
    desk.fail(call, asked=asked)
    assert desk.next() is None
    desk.now = pause - 0.1
    assert desk.next() is None
    desk.now = pause
    assert desk.next() is not None


def test_an_event_past_its_age_is_rejected_with_how_it_failed() -> None:
    desk = Desk(age=60)
    desk.offer(("a", 1))
    call = desk.due()
    desk.fail(call)
    desk.later()
    desk.age = 61.0
    refused = desk.due()
    assert refused.refusal == "too old to be retried: it arrived 61 s ago: down"


def test_the_oldest_place_is_that_of_the_first_event_on_its_way() -> None:
    desk = Desk()
    assert desk.schedule.oldest is None
    desk.offer(("a", 7), ("b", 3))
    assert desk.schedule.oldest == cursor(1_003, ord("b"))
    (a, b) = desk.calls()
    desk.succeed(b)
    assert desk.schedule.oldest == cursor(1_007, ord("a"))
    assert cursor(1_003, ord("b")) not in desk.schedule
    desk.succeed(a)
    assert desk.schedule.size == 0


def test_after_an_outage_an_event_that_fails_alone_is_soon_tried_again() -> None:
    """Else its pause were as long as at the outage's end, and what is behind it might run out."""
    desk = Desk()
    desk.offer(("a", 1))
    desk.fail_alone(12)
    desk.offer(("b", 1))
    other = desk.due()
    desk.succeed(other)
    desk.now += 1.0
    assert names(desk.next()) == ["a1"]
