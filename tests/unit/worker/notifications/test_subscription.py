"""When a subscription sends what, and from where it reads again after a crash."""

from app.core.rules.rule import When
from app.store.feed.cursor import parse_cursor
from tests.unit.worker.notifications.noticing import NOW, ZONE, entry, steady, subscribed, taken
from worker.notifications.state.rates import MINUTE
from worker.notifications.state.stored_row import SAVED_EVERY, is_stale, row_of
from worker.notifications.state.subscription import GIVES_UP, MOST_SINGLE
from worker.notifications.state.waiting import KEPT

HOUR = 3600.0


def test_notices_are_sent_one_by_one_at_the_head_and_leave_no_row() -> None:
    one, rates = subscribed(), steady()
    one.offer(entry(1))
    one.offer(entry(2))
    one.offer(entry(1))  # read twice
    one.schedule(NOW, rates, ZONE)
    for wanted in (["n1"], ["n2"]):
        assert taken(one, rates, NOW) == wanted
        assert not one.is_digest
        one.ended(NOW, rates, ZONE)
    assert taken(one, rates, NOW) == []
    assert row_of(one) is None


def test_what_fails_waits_with_a_row_and_comes_as_one_digest() -> None:
    one, rates = subscribed(), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    assert taken(one, rates, NOW) == ["n1"]
    one.failed("450", NOW, rates, ZONE)
    row = row_of(one)
    assert row is not None
    assert (row.why, row.due_at, row.events) == (
        "failing",
        int((NOW + 5) * 1000),
        entry(1).place,
    )
    assert is_stale(one, row, NOW)
    one.offer(entry(2))
    assert taken(one, rates, NOW + 4) == []
    assert taken(one, rates, NOW + 5) == ["n1", "n2"]
    assert one.is_digest
    one.failed("450", NOW + 5, rates, ZONE, retry_after=60.0)
    assert taken(one, rates, NOW + 64) == []
    assert taken(one, rates, NOW + 65) == ["n1", "n2"]
    one.ended(NOW + 65, rates, ZONE)
    assert (row_of(one), one.failures, one.why) == (None, 0, None)


def test_a_single_notice_that_failed_is_sent_again_as_it_was() -> None:
    one, rates = subscribed(), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    taken(one, rates, NOW)
    one.failed("450", NOW, rates, ZONE)
    assert taken(one, rates, NOW + 5) == ["n1"]
    assert not one.is_digest


def test_a_digest_waits_for_its_time_and_does_not_count_as_lag() -> None:
    one, rates = subscribed(When("digest", minutes=15)), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    row = row_of(one)
    assert row is not None
    assert (row.why, row.is_lag) == ("digest", False)
    assert 0 < row.due_at / 1000 - NOW <= 15 * 60
    assert taken(one, rates, NOW) == []
    assert taken(one, rates, row.due_at / 1000) == ["n1"]
    assert one.is_digest


def test_quiet_hours_hold_up_what_is_at_once_and_what_is_tried_again() -> None:
    one, rates = subscribed(When(quiet_from="07:00", quiet_to="09:00")), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    assert (one.why, one.due) == ("quiet", NOW + HOUR)
    assert taken(one, rates, NOW + HOUR) == ["n1"]
    assert one.is_digest
    one.failed("450", NOW + 22.9 * HOUR, rates, ZONE, retry_after=1800.0)
    assert one.due == NOW + 25 * HOUR


def test_an_edited_rule_sends_what_waits_at_its_new_time() -> None:
    one, rates = subscribed(When("daily", at="18:00")), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    assert one.due == NOW + 10 * HOUR
    one.rule = subscribed(When()).rule
    one.reschedule(NOW, rates, ZONE)
    assert taken(one, rates, NOW) == ["n1"]
    assert one.is_digest


def test_more_than_ten_in_a_minute_become_a_digest() -> None:
    one, rates = subscribed(), steady()
    for number in range(30):
        one.offer(entry(number))
    one.schedule(NOW, rates, ZONE)
    for number in range(10):
        assert taken(one, rates, NOW) == [f"n{number}"]
        one.ended(NOW, rates, ZONE)
    assert taken(one, rates, NOW) == []
    assert (one.why, one.due) == ("capped", NOW + MINUTE)
    assert len(taken(one, rates, NOW + MINUTE)) == 20
    assert one.is_digest


def test_a_burst_beyond_what_is_kept_is_one_digest_with_its_count() -> None:
    one, rates = subscribed(), steady()
    for number in range(KEPT + 50):
        one.offer(entry(number))
    one.schedule(NOW, rates, ZONE)
    found = one.take(NOW, rates, ZONE)
    assert found is not None
    assert one.is_digest
    assert (len(found.entries), found.folded) == (KEPT, 50)
    row = row_of(one)  # of what is being sent: a crash now loses nothing
    assert row is not None
    assert (row.events, row.waiting) == (entry(0).place, KEPT + 50)


def test_a_program_gets_no_digest_and_no_limit_and_reads_again_what_is_not_kept() -> None:
    one, rates = subscribed(singly=True), steady()
    for number in range(KEPT + 50):
        one.offer(entry(number))
    one.schedule(NOW, rates, ZONE)
    assert one.rest == {"events": entry(MOST_SINGLE).place}
    for number in range(MOST_SINGLE):
        assert taken(one, rates, NOW) == [f"n{number}"]
        one.ended(NOW, rates, ZONE)
    assert taken(one, rates, NOW) == []
    row = row_of(one)
    assert row is not None
    assert row.events == entry(MOST_SINGLE).place


def test_a_program_that_fails_for_three_days_loses_one_message_after_the_other() -> None:
    one, rates = subscribed(singly=True), steady()
    one.offer(entry(1))
    one.offer(entry(2))
    one.schedule(NOW, rates, ZONE)
    taken(one, rates, NOW)
    assert not one.failed("500", NOW, rates, ZONE)
    later = NOW + GIVES_UP + 1
    assert taken(one, rates, later) == ["n1"]
    assert one.failed("500", later, rates, ZONE)
    assert taken(one, rates, later + 2 * HOUR) == ["n2"]


def test_a_stored_row_is_read_again_and_what_comes_meanwhile_is_held() -> None:
    first, rates = subscribed(), steady()
    for number in (1, 2, 3):
        first.offer(entry(number))
    first.schedule(NOW, rates, ZONE)
    for _ in range(2):
        taken(first, rates, NOW)
        first.ended(NOW, rates, ZONE)
    first.offer(entry(0))  # it became visible late
    row = row_of(first)
    assert row is not None
    assert row.events == entry(0).place

    second = subscribed()
    second.load(row)
    second.offer(entry(4))
    assert taken(second, rates, NOW) == []
    read = [number for number in range(5) if second.lacks("events", entry(number).place)]
    assert read == [0, 3, 4]  # 1 and 2 were sent
    for number in read:
        second.waiting.add(entry(number))
    second.fill({}, lambda _: False)
    assert [one.notice.id for one in second.waiting.entries] == ["n0", "n3", "n4"]


def test_what_is_spilled_while_a_row_is_read_again_is_read_next() -> None:
    one = subscribed()
    one.offer(entry(0))
    row = row_of(one)
    assert row is not None
    one = subscribed()
    one.load(row)
    for number in range(1, KEPT + 20):
        one.offer(entry(number))
    one.waiting.add(entry(0))
    one.fill({}, lambda _: False)
    assert one.rest == {"events": entry(KEPT + 1).place}
    assert len(one.waiting) == KEPT + 1


def test_what_comes_before_a_row_is_read_again_counts_once() -> None:
    one = subscribed()
    one.offer(entry(0))
    row = row_of(one)
    assert row is not None
    one = subscribed()
    one.load(row)
    for number in range(1, KEPT + 50):
        one.offer(entry(number))
    one.begin_reading()
    for number in range(KEPT + 50):
        one.held.discard(entry(number).notice.id)
        one.waiting.add(entry(number))
    one.fill({}, lambda _: False)
    assert (one.rest, len(one.waiting)) == ({}, KEPT + 50)
    assert one.waiting.entries[-1] == entry(KEPT + 49)


def test_who_is_back_is_left_alone_in_quiet_hours() -> None:
    one, rates = subscribed(When(quiet_from="08:01", quiet_to="09:00")), steady()
    one.offer(entry(1))
    one.schedule(NOW, rates, ZONE)
    taken(one, rates, NOW)
    one.failed("450", NOW, rates, ZONE, retry_after=120.0)
    one.try_again(NOW + 120, ZONE)
    assert one.due == NOW + HOUR
    one.try_again(NOW + 30, ZONE)
    assert one.due == NOW + 30


def test_a_row_is_written_when_it_must_be_and_not_for_each_notice() -> None:
    one, rates = subscribed(When("digest", minutes=15)), steady()
    one.offer(entry(5))
    one.schedule(NOW, rates, ZONE)
    one.stored, one.saved_at = row_of(one), NOW
    one.offer(entry(6))
    assert not is_stale(one, row_of(one), NOW + 1)
    one.offer(entry(4))  # before the row's place: a crash would lose it
    assert is_stale(one, row_of(one), NOW + 1)
    one.stored = row_of(one)
    for number in range(10, 20):
        one.offer(entry(number))
    assert not is_stale(one, row_of(one), NOW + 1)
    assert is_stale(one, row_of(one), NOW + SAVED_EVERY)
    one.offer(entry(7, "alerts"))
    assert is_stale(one, row_of(one), NOW + 1)


def test_places_are_cursors() -> None:
    assert parse_cursor(entry(1).place).ms == NOW * 1000 + 1
