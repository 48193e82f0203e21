"""Pause, resume and rewind take effect at once, and no running batch undoes them."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.core.events import ChangeEvent
from app.store.coordination.sink_row import AUDIT
from app.store.deployment import CONSUMER
from app.store.feed.cursor import before, wall_ms
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import SinkNotFound
from tests.integration.consumers.kit import Recorder, Shop
from tests.support.waiting import until
from worker.consumers.redriving import AT_A_TIME
from worker.consumers.sink import Rejected, Sink
from worker.notifications.notifier import NAME as NOTIFICATIONS
from worker.sinks.alerts import NAME as ALERTS


def test_a_paused_sink_gets_nothing_until_it_is_resumed(shop: Shop, recorder: Recorder) -> None:
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: recorder.of("P1") == [1])
        until(lambda: not shop.row("archive").health.lag_events)
        shop.control.pause("archive", "ada")
        until(lambda: shop.row("archive").state == "paused")
        time.sleep(0.5)
        shop.put("P1", 2)
        time.sleep(0.5)
        assert recorder.of("P1")[-1] == 1
        shop.control.resume("archive", "ada")
        until(lambda: recorder.of("P1")[-1] == 2)
    acts = [(act.action, act.actor) for act in shop.log.page(10).items]
    assert acts == [("sink.resumed", "ada"), ("sink.paused", "ada")]


def test_a_rewind_delivers_everything_since_then_again(shop: Shop, recorder: Recorder) -> None:
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1, 2, 3)
        until(lambda: recorder.of("P1") == [1, 2, 3])
        shop.control.rewind("archive", "beginning", "ada")
        until(lambda: recorder.of("P1") == [1, 2, 3, 1, 2, 3])


def test_a_rewind_during_a_call_is_not_undone_by_its_end(shop: Shop, recorder: Recorder) -> None:
    calls, release = threading.Event(), threading.Event()

    def before_each(event: ChangeEvent) -> None:
        if event.stock_after == 2 and not release.is_set():
            calls.set()
            release.wait(20)

    recorder.before_each = before_each
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: recorder.of("P1") == [1])
        shop.put("P1", 2)
        assert calls.wait(20)
        shop.control.rewind("archive", "beginning", "ada")
        time.sleep(0.5)
        release.set()
        until(lambda: recorder.of("P1") == [1, 2, 1, 2])


def test_a_rewind_to_now_skips_waiting_events(shop: Shop, recorder: Recorder) -> None:
    with shop.worker(Sink("archive", recorder)):
        shop.control.pause("archive", "ada")
        until(lambda: shop.row("archive").state == "paused")
        time.sleep(0.5)
        shop.put("P1", 1)
        until(lambda: shop.client.scan(TableName=shop.names.audit, Select="COUNT")["Count"] == 1)
        shop.control.rewind("archive", "now", "ada")
        assert shop.row("archive").state == "paused", "a rewind does not resume"
        shop.control.resume("archive", "ada")
        shop.put("P1", 2)
        until(lambda: recorder.of("P1") == [2])


def test_an_unknown_sink_is_an_error_that_lists_the_known_sinks(
    shop: Shop, recorder: Recorder
) -> None:
    with (
        shop.worker(Sink("archive", recorder)),
        pytest.raises(SinkNotFound, match=r"no sink named 'arhive'.*archive"),
    ):
        shop.control.pause("arhive", "ada")


def test_a_sink_that_did_not_run_for_longer_than_events_are_kept_stops(
    shop: Shop, recorder: Recorder
) -> None:
    kept = {"audit_retention_days": 2}
    with shop.worker(Sink("archive", recorder), **kept):
        shop.put("P1", 1)
        until(lambda: recorder.of("P1") == [1])
    month_ago = time.time() - timedelta(days=30).total_seconds()
    day = time.strftime("%Y-%m-%d", time.gmtime(month_ago + 86_400))
    shop.client.put_item(
        TableName=shop.names.feed,
        Item={"Day": {"S": "days"}, "Cursor": {"S": day}, "PartitionCount": {"N": "1"}},
    )
    shop.client.update_item(
        TableName=shop.names.checkpoints,
        Key=shop.control.key("archive"),
        UpdateExpression="SET #c = :c, SavedAt = :at",
        ExpressionAttributeNames={"#c": "Cursor"},
        ExpressionAttributeValues={
            ":c": {"S": str(before(int(month_ago * 1000)))},
            ":at": {"S": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(month_ago))},
        },
    )
    with shop.worker(Sink("archive", recorder), **kept):
        until(lambda: shop.row("archive").state == "stopped")
        assert "may have expired" in shop.row("archive").why
        shop.put("P1", 2)
        time.sleep(0.5)
        assert recorder.of("P1") == [1]
        shop.control.resume("archive", "ada")
        until(lambda: recorder.of("P1")[-1:] == [2])


def owned(shop: Shop) -> list[int]:
    """How many consumers each worker runs: both sinks, those of Stockpulse, and the redrives."""
    owners = [shop.row(name).owner for name in ("one", "two", ALERTS, NOTIFICATIONS, AUDIT)]
    return sorted(Counter(owner for owner in owners if owner is not None).values())


def test_two_workers_share_the_sinks_and_one_continues_alone(shop: Shop) -> None:
    first, second = Recorder(), Recorder()
    sinks = Sink("one", first), Sink("two", second)
    with shop.worker(*sinks):
        with shop.worker(*sinks):
            until(lambda: owned(shop) == [2, 3])
            shop.put("P1", 1)
            until(lambda: (first.of("P1"), second.of("P1")) == ([1], [1]))
        shop.put("P1", 2)
        until(lambda: (first.of("P1"), second.of("P1")) == ([1, 2], [1, 2]))


def test_a_redrive_request_delivers_all_dead_letters_of_one_sink_only(
    shop: Shop, recorder: Recorder
) -> None:
    """More letters than are redriven at a time."""
    well = threading.Event()

    def deliver(events: Sequence[ChangeEvent]) -> Sequence[Rejected]:
        return recorder(events) if well.is_set() else [Rejected(one, "no") for one in events]

    def of(sink: str) -> int:
        return sum(1 for _ in shop.letters.all(sink))

    other = Sink("other", lambda events: [Rejected(one, "no") for one in events])
    with shop.worker(Sink("archive", deliver, batch_size=50), other):
        for number in range(AT_A_TIME + 20):
            shop.put(f"P{number}", number)
        until(lambda: (of("archive"), of("other")) == (AT_A_TIME + 20, AT_A_TIME + 20), 60)
        well.set()
        shop.control.request_redrive("archive", "ada")
        until(lambda: of("archive") == 0, 60)
        until(lambda: shop.row("archive").redrive is None)
        assert not shop.row("archive").redrive_all
        assert of("other") == AT_A_TIME + 20
        assert sorted(stock or 0 for _, stock in recorder.got) == list(range(AT_A_TIME + 20))


def test_a_redrive_tries_each_rejected_letter_once(shop: Shop) -> None:
    sink = Sink("archive", lambda events: [Rejected(one, "no") for one in events])
    with shop.worker(sink):
        shop.put("P1", 1, 2)
        until(lambda: len(list(shop.letters.all())) == 2)
        shop.control.request_redrive("archive", "ada")
        until(lambda: shop.row("archive").redrive is None)
        time.sleep(0.5)
        assert [letter.attempts for letter in shop.letters.all()] == [2, 2]


def test_the_lag_of_a_sink_without_a_worker_grows(shop: Shop, recorder: Recorder) -> None:
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: recorder.of("P1") == [1])
        until(lambda: not shop.row("archive").health.lag_events)
    with shop.worker():  # without the sink
        shop.put("P1", 2, 3)
        until(lambda: shop.client.scan(TableName=shop.names.audit, Select="COUNT")["Count"] == 3)
    later = SinkControl(
        shop.client,
        shop.names.checkpoints,
        CONSUMER,
        Feed(shop.client, shop.names.feed),
        shop.log,
        now_ms=lambda: wall_ms() + 600_000,
    )
    view = later.view("archive")
    assert (view.row.owner, view.lag_events) == (None, 2)
    assert 590 < view.lag_seconds < 660  # a stamp may be a little ahead of the clock
    assert view.row.health.lag_seconds == 0.0
