"""Pause, resume and rewind take effect at once, and no batch under way undoes them."""

import threading
import time
from datetime import timedelta

import pytest

from app.events import ChangeEvent
from app.store.cursor import before
from app.store.errors import SinkNotFound
from tests.integration.consumers.kit import Recorder, Shop
from tests.support.waiting import until
from worker.consumers.sink import Sink


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

    def mood(event: ChangeEvent) -> None:
        if event.stock_after == 2 and not release.is_set():
            calls.set()
            release.wait(20)

    recorder.mood = mood
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: recorder.of("P1") == [1])
        shop.put("P1", 2)
        assert calls.wait(20)
        shop.control.rewind("archive", "beginning", "ada")
        time.sleep(0.5)
        release.set()
        until(lambda: recorder.of("P1") == [1, 2, 1, 2])


def test_a_rewind_to_now_skips_what_waits(shop: Shop, recorder: Recorder) -> None:
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


def test_a_sink_that_nobody_knows_is_named_with_those_there_are(
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


def test_two_workers_share_the_sinks_and_one_goes_on_alone(shop: Shop) -> None:
    first, second = Recorder(), Recorder()
    sinks = Sink("one", first), Sink("two", second)
    with shop.worker(*sinks):
        with shop.worker(*sinks):
            until(lambda: len({shop.row(name).owner for name in ("one", "two")} - {None}) == 2)
            shop.put("P1", 1)
            until(lambda: (first.of("P1"), second.of("P1")) == ([1], [1]))
        shop.put("P1", 2)
        until(lambda: (first.of("P1"), second.of("P1")) == ([1, 2], [1, 2]))
