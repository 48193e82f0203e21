"""Events are delivered at least once and in each product's order, whatever the sink does."""

import threading
import time
from datetime import UTC, datetime

from app.core.events import ChangeEvent
from tests.integration.consumers.kit import Recorder, Shop
from tests.support.waiting import until
from worker.consumers.sink import PauseSink, Rejected, Sink, Unavailable


def test_every_change_is_delivered_once_in_each_product_s_order(
    shop: Shop, recorder: Recorder
) -> None:
    with shop.worker(Sink("archive", recorder, batch_size=10, parallelization_factor=3)):
        for product in ("P1", "P2", "P3"):
            shop.put(product, *range(20))
        until(lambda: len(recorder.got) >= 60)
        until(lambda: shop.row("archive").health.lag_events == 0)
    assert [recorder.of(product) for product in ("P1", "P2", "P3")] == [list(range(20))] * 3
    assert shop.row("archive").owner is None, "the sink is released at the end"


def test_a_restarted_worker_delivers_missed_events_and_no_duplicates(
    shop: Shop, recorder: Recorder
) -> None:
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: recorder.got)
    with shop.worker():  # without the sink, events are audited all the same
        shop.put("P1", 2)
        until(lambda: shop.client.scan(TableName=shop.names.audit, Select="COUNT")["Count"] == 2)
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 3)
        until(lambda: len(recorder.got) >= 3)
    assert recorder.of("P1") == [1, 2, 3]


def test_a_first_start_delivers_only_new_events(shop: Shop, recorder: Recorder) -> None:
    everything = Recorder()
    with shop.worker(Sink("all", everything)):
        shop.put("P1", 1)
        until(lambda: everything.got)
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 2)
        until(lambda: recorder.got)
    assert recorder.of("P1") == [2]


def test_a_first_start_with_a_start_time_delivers_the_history_from_that_time(
    shop: Shop, recorder: Recorder
) -> None:

    with shop.worker():
        shop.put("P1", 1)
        until(lambda: shop.client.scan(TableName=shop.names.audit, Select="COUNT")["Count"] == 1)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    with shop.worker(Sink("archive", recorder), sinks_start=start):
        until(lambda: recorder.of("P1") == [1])


def test_an_outage_causes_lag_and_the_backlog_arrives_in_order(
    shop: Shop, recorder: Recorder
) -> None:
    down = threading.Event()
    down.set()

    def before_each(_event: ChangeEvent) -> None:
        if down.is_set():
            raise Unavailable("connection refused")

    recorder.before_each = before_each
    with shop.worker(Sink("archive", recorder)) as worker:
        shop.put("P1", 1, 2, 3)
        until(lambda: worker.sink_troubles() == {"archive": "connection refused"})
        assert worker.problem() is None, "the worker itself is well"
        until(lambda: shop.row("archive").health.error == "connection refused", 4)
        assert shop.row("archive").health.lag_events == 3
        down.clear()
        until(lambda: recorder.of("P1") == [1, 2, 3])
        until(lambda: worker.sink_troubles() == {})
    assert list(shop.letters.all()) == []


def test_a_hanging_sink_delays_no_other_sink(shop: Shop, recorder: Recorder) -> None:
    well, hangs = Recorder(), threading.Event()
    recorder.before_each = lambda _event: hangs.wait(30) and None
    with shop.worker(Sink("hanging", recorder), Sink("well", well)):
        shop.put("P1", 1, 2)
        until(lambda: well.of("P1") == [1, 2])
        assert recorder.got == []
        hangs.set()
        until(lambda: recorder.of("P1") == [1, 2])


def test_an_event_that_fails_alone_becomes_a_dead_letter_and_the_rest_is_delivered(
    shop: Shop, recorder: Recorder
) -> None:
    def before_each(event: ChangeEvent) -> None:
        if event.product_id == "bad":
            raise ValueError("no such field")

    recorder.before_each = before_each
    with shop.worker(Sink("archive", recorder), maximum_retry_attempts=1):
        shop.put("bad", 1)
        number = 0
        while not list(shop.letters.all("archive")):
            number += 1
            shop.put("good", number)
            until(lambda: len(recorder.of("good")) == number)  # noqa: B023
            time.sleep(0.1)
            assert number < 100
    (letter,) = shop.letters.all("archive")
    assert (letter.product_id, letter.error) == ("bad", "ValueError: no such field")
    assert letter.attempts >= 2, "at least one attempt and one retry"
    assert letter.record is None, "the audit has the event"


def test_a_rejected_event_is_redriven_from_the_audit_on_request(
    shop: Shop, recorder: Recorder
) -> None:
    heals = threading.Event()

    def deliver(events: list[ChangeEvent]) -> list[Rejected]:
        if not heals.is_set():
            return [Rejected(event, "schema mismatch") for event in events]
        return recorder(events)

    with shop.worker(Sink("archive", deliver)):  # type: ignore[arg-type]
        shop.put("P1", 7)
        until(lambda: list(shop.letters.all("archive")))
        (letter,) = shop.letters.all("archive")
        shop.letters.redrive(letter.id, "ada")
        until(lambda: shop.letters.get(letter.id).attempts == 2)
        assert not shop.letters.get(letter.id).due
        heals.set()
        shop.letters.redrive(letter.id, "ada")
        until(lambda: recorder.of("P1") == [7])
        until(lambda: not list(shop.letters.all()))
        until(lambda: shop.row("archive").redrive is None)
    acts = [act.action for act in shop.log.page(10).items]
    assert acts == ["dead-letter.redriven"] * 2


def test_a_damaged_audit_entry_becomes_a_dead_letter(shop: Shop, recorder: Recorder) -> None:
    with shop.worker():
        shop.put("P1", 1)
        until(lambda: shop.client.scan(TableName=shop.names.audit, Select="COUNT")["Count"] == 1)
    (entry,) = shop.client.scan(TableName=shop.names.audit)["Items"]
    del entry["Kind"]
    shop.client.put_item(TableName=shop.names.audit, Item=entry)

    start = datetime(2020, 1, 1, tzinfo=UTC)
    with shop.worker(Sink("archive", recorder), sinks_start=start):
        until(lambda: list(shop.letters.all("archive")))
        shop.put("P1", 2)
        until(lambda: recorder.of("P1") == [2])
    (letter,) = shop.letters.all("archive")
    assert "damaged" in letter.error


def test_a_sink_whose_receiver_is_gone_is_paused_until_it_is_resumed(
    shop: Shop, recorder: Recorder
) -> None:
    gone = threading.Event()
    gone.set()

    def before_each(_event: ChangeEvent) -> None:
        if gone.is_set():
            raise PauseSink("the webhook answered 410 Gone")

    recorder.before_each = before_each
    with shop.worker(Sink("archive", recorder)):
        shop.put("P1", 1)
        until(lambda: shop.row("archive").state == "paused")
        assert shop.row("archive").why == "the webhook answered 410 Gone"
        shop.put("P1", 2)
        gone.clear()
        shop.control.resume("archive", "ada")
        until(lambda: recorder.of("P1") == [1, 2])
