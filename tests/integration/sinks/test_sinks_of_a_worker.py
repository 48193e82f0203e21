"""A worker with leases, a real stream and a sink: its checkpoint waits for the sink."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.events import ChangeEvent
from app.item import DEFAULT_NAMES
from app.metrics import REGISTRY
from app.store.checkpoints import Checkpoints
from app.store.cursor import CursorClock
from tests.support.builders import an_item
from tests.support.sinking import QUICK, Deployment, Recorder
from tests.support.waiting import until
from worker.host import make_worker
from worker.order import ArrivalOrder
from worker.reading import Reading
from worker.sinks.sink import Sink
from worker.source import CONSUMER, source_of
from worker.stream.membership import Member, new_owner
from worker.stream.pace import Idle, Wake


@contextmanager
def worker(deployment: Deployment, sink: Sink) -> Iterator[None]:
    """The whole worker, on the deployment's own stream."""
    order = ArrivalOrder(CursorClock(0).stamp)
    deployment.audit._stamp = order.stamp  # noqa: SLF001
    with make_worker(
        source_of(deployment.clients, deployment.tables, DEFAULT_NAMES),
        Reading(Member(new_owner(), "redis"), Wake(), Idle(0.02, 0.05)),
        deployment.audit,
        order,
        deployment.publish,
        sinks=[sink],
        pacing=replace(QUICK, hangs_after=20),
    ):
        yield


def test_the_checkpoint_waits_for_the_sink_and_what_it_did_not_take_comes_again(
    deployment: Deployment,
) -> None:
    go_on = threading.Event()

    def wait(event: ChangeEvent) -> None:
        if event.stock_after == 2:
            go_on.wait(20)

    def position() -> str | None:
        rows = Checkpoints(deployment.clients.tables, deployment.tables.checkpoints, CONSUMER)
        (found,) = rows.rows().checkpoints.values()
        return found.sequence_number

    for stock in (1, 2, 3):
        deployment.clients.tables.put_item(
            TableName=deployment.tables.products, Item=an_item("P1", Stock=stock)
        )
    first = Recorder(wait)
    with worker(deployment, Sink("archive", first)):
        until(lambda: first.of("P1") == [1])
        until(lambda: len(deployment.published) == 3)  # the feed went on
        until(position)
        held = position()
    second = Recorder()
    with worker(deployment, Sink("archive", second)):
        until(lambda: second.of("P1") == [2, 3])
        until(lambda: position() != held)
    go_on.set()
    assert deployment.rows() == []


def test_a_sink_s_count_of_parked_records_is_told_before_the_first(deployment: Deployment) -> None:
    """Prometheus sees no increase in a counter that begins at 1."""
    with deployment.worker(Sink("quiet-one", lambda _event: None)):
        told = REGISTRY.get_sample_value("stockpulse_parked_total", {"sink": "quiet-one"})
    assert told == 0
