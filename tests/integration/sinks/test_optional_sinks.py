"""Whatever an optional sink does, the feed goes on, its records come in order, and none is lost."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from app.events import ChangeEvent
from app.store.leases import LeaseLost
from tests.support.builders import STREAM_ARN, an_event, an_item, as_boto3, inserted
from tests.support.sinking import QUICK, Deployment, Recorder, change
from tests.support.waiting import until
from worker.sinks.sink import Sink, Taken, letter_for


def last(records: list[dict[str, Any]]) -> str:
    number: str = records[-1]["dynamodb"]["SequenceNumber"]
    return number


def test_a_sink_gets_every_change_of_a_product_in_order(deployment: Deployment) -> None:
    records = [change(f"P{n % 7}", n) for n in range(1, 100)]
    archive = Recorder()
    with deployment.worker(Sink("archive", archive)) as work:
        work.process(records)
        until(lambda: work.durable() == last(records))
    for product in range(7):
        assert archive.of(f"P{product}") == [n for n in range(1, 100) if n % 7 == product]
    assert deployment.parked() == []


def test_a_sink_that_fails_for_a_while_gets_all_in_order_once_it_heals(
    deployment: Deployment,
) -> None:
    healed = threading.Event()

    def fail(_: ChangeEvent) -> None:
        if not healed.is_set():
            raise ConnectionError("no route")

    archive, other = Recorder(fail), Recorder()
    records = [change(f"P{n % 3}", n) for n in range(1, 40)]
    with deployment.worker(Sink("archive", archive), Sink("other", other)) as work:
        work.process(records)
        assert len(deployment.published) == 39  # nobody waited for the sink
        until(lambda: work.durable() == last(records))  # parked is durable, too
        until(lambda: len(other.got) == 39)
        letters = deployment.parked("archive")
        assert len(letters) == 39
        assert {letter.state for letter in letters} == {"parked", "waiting"}
        assert archive.got == []
        healed.set()
        until(lambda: len(archive.got) >= 39)
        more = [change(f"P{n % 3}", n) for n in range(40, 50)]
        work.process(more)
        until(lambda: len(archive.got) >= 49 and not deployment.rows())
    for product in range(3):
        assert archive.of(f"P{product}") == [n for n in range(1, 50) if n % 3 == product]


def test_a_sink_that_hangs_delays_nothing_and_is_parked(deployment: Deployment) -> None:
    release = threading.Event()

    def hang(_: ChangeEvent) -> None:
        release.wait(20)

    archive = Recorder(hang)
    records = [change(f"P{n % 12}", n) for n in range(1, 61)]
    with deployment.worker(Sink("archive", archive)) as work:
        began = time.monotonic()
        work.process(records)
        assert time.monotonic() - began < QUICK.hangs_after * 60
        assert len(deployment.published) == 60
        until(lambda: work.durable() == last(records))
        assert "DeliveryHung" in {letter.error.partition(":")[0] for letter in deployment.parked()}
        release.set()
        until(lambda: not deployment.rows())
    for product in range(12):  # what came back late may stand twice, but none is missing
        wanted = [n for n in range(1, 61) if n % 12 == product]
        assert [n for n in dict.fromkeys(archive.of(f"P{product}")) if n in wanted] == wanted


def test_a_full_window_parks_in_order_while_a_delivery_is_under_way(
    deployment: Deployment,
) -> None:
    go_on = threading.Event()

    def wait(event: ChangeEvent) -> None:
        if event.stock_after == 1:
            go_on.wait(20)

    archive = Recorder(wait)
    records = [change("P1", n) for n in range(1, 13)]
    pacing = replace(QUICK, window=4, hangs_after=10, claim_life=10)
    with deployment.worker(Sink("archive", archive), pacing=pacing) as work:
        work.process(records)
        until(lambda: work.durable() == last(records))
        assert len(deployment.parked()) == 12  # the one under way with them
        time.sleep(0.3)
        assert archive.got == []  # the lane waits for it
        go_on.set()
        until(lambda: not deployment.rows())
    assert archive.of("P1") == list(range(1, 13))


def test_later_changes_stay_behind_what_an_earlier_holder_parked(deployment: Deployment) -> None:
    healed = threading.Event()

    def fail(_: ChangeEvent) -> None:
        if not healed.is_set():
            raise ConnectionError("no route")

    first = Recorder(fail)
    with deployment.worker(Sink("archive", first)) as work:
        work.process([change("P1", 1)])
        until(lambda: len(deployment.parked()) == 1)
    second = Recorder(fail)
    with deployment.worker(Sink("archive", second)) as work:
        work.process([change("P1", 2), change("P2", 3)])
        until(lambda: len(deployment.parked()) == 3)
        healed.set()
        until(lambda: not deployment.rows())
    assert second.of("P1") == [1, 2]
    assert second.of("P2") == [3]


class Lost:
    """A hold that another worker took over."""

    def check(self) -> None:
        raise LeaseLost

    def condition(self) -> dict[str, Any]:
        raise AssertionError("set by the test")


def test_a_worker_that_lost_its_shard_parks_nothing(deployment: Deployment) -> None:
    def fail(_: ChangeEvent) -> None:
        raise ConnectionError("no route")

    hold = Lost()
    hold.condition = lambda: {  # type: ignore[method-assign]
        "ConditionCheck": {
            "TableName": deployment.tables.checkpoints,
            "Key": {"Consumer": {"S": "stockpulse"}, "Shard": {"S": "arn shard"}},
            "ConditionExpression": "#c = :c",
            "ExpressionAttributeNames": {"#c": "Counter"},
            "ExpressionAttributeValues": {":c": {"N": "1"}},
        }
    }
    with deployment.worker(Sink("archive", Recorder(fail)), hold=hold) as work:
        work.process([change("P1", 1)])
        with pytest.raises(LeaseLost):
            work.process([as_boto3(inserted(an_item("P2"))) | {"eventName": "UPSERT"}])
        time.sleep(0.2)
        assert work.durable() is None
    assert deployment.rows() == []


def test_two_workers_drain_one_lane_and_each_letter_comes_once_in_order(
    deployment: Deployment,
) -> None:
    healed = threading.Event()

    def fail(_: ChangeEvent) -> None:
        if not healed.is_set():
            raise ConnectionError("no route")

    archive = Recorder(fail)
    sink = Sink("archive", archive)
    with deployment.worker(sink) as work, deployment.worker(sink):
        work.process([change(f"P{n % 2}", n) for n in range(1, 21)])
        until(lambda: work.durable() is not None and len(deployment.parked()) == 20)
        healed.set()
        until(lambda: not deployment.rows())
    for product in (0, 1):
        assert archive.of(f"P{product}") == [n for n in range(1, 21) if n % 2 == product]


def test_the_claim_of_a_drainer_that_died_is_taken_over(deployment: Deployment) -> None:
    archive = Recorder()
    with deployment.worker(Sink("archive", Recorder(_refuse)), retries=0) as work:
        work.process([change("P1", 1)])
        until(deployment.rows)
    until(lambda: all(lane.claim is None for lane in deployment.lanes.open()))
    (lane,) = deployment.lanes.open()
    assert deployment.lanes.claim(lane, "a drainer that is gone")
    with deployment.worker(Sink("archive", archive)):
        until(lambda: not deployment.rows())
    assert archive.of("P1") == [1]


def test_a_record_past_its_age_is_parked_untried_and_comes_from_its_lane(
    deployment: Deployment,
) -> None:
    errors: list[str] = []

    def note(_: ChangeEvent) -> None:
        errors.extend(letter.error for letter in deployment.parked())

    archive = Recorder(note)
    with deployment.worker(Sink("archive", archive), age=60) as work:  # the records are days old
        work.process([change("P1", 1)])
        until(lambda: not deployment.rows() and archive.got)
    assert archive.of("P1") == [1]
    assert "s old" in errors[0]


def test_a_letter_without_a_lane_moves_once_it_is_marked_due(deployment: Deployment) -> None:
    taken = Taken(an_event(1), change("P1", 1))
    deployment.letters.park([letter_for("archive", taken, STREAM_ARN)])
    deployment.clients.tables.delete_item(
        TableName=deployment.tables.dead_letters,
        Key={"ProductID": {"S": "P1"}, "SinkKey": {"S": "archive#~lane"}},
    )
    archive = Recorder()
    with deployment.worker(Sink("archive", archive)):
        (letter,) = deployment.parked()
        deployment.desk.redrive(letter.id, "ada")
        until(lambda: not deployment.rows())
    assert archive.of("P1") == [1]
    (deed,) = deployment.log.page(10).items
    assert (deed.actor, deed.action, deed.after["id"]) == ("ada", "dead-letter.redriven", letter.id)


def test_in_lambda_a_lane_is_filled_inline_and_drained_by_a_tick(deployment: Deployment) -> None:
    healed = threading.Event()

    def fail(event: ChangeEvent) -> None:
        if event.product_id == "P1" and not healed.is_set():
            raise ConnectionError("no route")

    archive = Recorder(fail)
    function = deployment.function(Sink("archive", archive))
    function.process([change("P1", 1), change("P2", 2)], STREAM_ARN)
    deployment.function(Sink("archive", archive)).process([change("P1", 3)], STREAM_ARN)
    assert archive.got == [("P2", 2)]
    assert [letter.state for letter in deployment.parked()] == ["parked", "waiting"]
    healed.set()
    until(lambda: [function.tick(time.monotonic() + 5)] and not deployment.rows())
    assert archive.of("P1") == [1, 3]


def _refuse(_: ChangeEvent) -> None:
    raise ConnectionError("no route")
