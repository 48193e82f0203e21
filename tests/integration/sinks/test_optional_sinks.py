"""Whatever an optional sink does, the feed goes on, its records come in order, and none is lost."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from app.events import ChangeEvent
from app.store.leases import LeaseLost
from tests.support.builders import an_item, as_boto3, inserted
from tests.support.sinking import QUICK, Deployment, Recorder, change, eventually
from worker.sinks.sink import Sink


def last(records: list[dict[str, Any]]) -> str:
    number: str = records[-1]["dynamodb"]["SequenceNumber"]
    return number


def test_a_sink_gets_every_change_of_a_product_in_order(deployment: Deployment) -> None:
    records = [change(f"P{n % 7}", n) for n in range(1, 100)]
    archive = Recorder()
    with deployment.worker(Sink("archive", archive)) as work:
        work.process(records)
        eventually(lambda: work.durable() == last(records))
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
        eventually(lambda: work.durable() == last(records))  # parked is durable, too
        eventually(lambda: len(other.got) == 39)
        letters = deployment.parked("archive")
        assert len(letters) == 39
        assert {letter.state for letter in letters} == {"parked", "waiting"}
        assert archive.got == []
        healed.set()
        eventually(lambda: len(archive.got) >= 39)
        more = [change(f"P{n % 3}", n) for n in range(40, 50)]
        work.process(more)
        eventually(lambda: len(archive.got) >= 49 and not deployment.rows())
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
        eventually(lambda: work.durable() == last(records))
        assert "DeliveryHung" in {letter.error.partition(":")[0] for letter in deployment.parked()}
        release.set()
        eventually(lambda: not deployment.rows())
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
        eventually(lambda: work.durable() == last(records))
        assert len(deployment.parked()) == 12  # the one under way with them
        time.sleep(0.3)
        assert archive.got == []  # the lane waits for it
        go_on.set()
        eventually(lambda: not deployment.rows())
    assert archive.of("P1") == list(range(1, 13))


def test_later_changes_stay_behind_what_an_earlier_holder_parked(deployment: Deployment) -> None:
    healed = threading.Event()

    def fail(_: ChangeEvent) -> None:
        if not healed.is_set():
            raise ConnectionError("no route")

    first = Recorder(fail)
    with deployment.worker(Sink("archive", first)) as work:
        work.process([change("P1", 1)])
        eventually(lambda: len(deployment.parked()) == 1)
    second = Recorder(fail)
    with deployment.worker(Sink("archive", second)) as work:
        work.process([change("P1", 2), change("P2", 3)])
        eventually(lambda: len(deployment.parked()) == 3)
        healed.set()
        eventually(lambda: not deployment.rows())
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
