"""Two standalone workers on a real stream; one is paused for longer than its lease and resumes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.bootstrap.worker import reading
from app.config.settings import Settings
from app.core.errors import StoreUnavailable
from app.runtime.wake import Wake
from app.store.coordination.checkpoints import Checkpoint, Checkpoints
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import table_names
from tests.support.paths import ROOT
from tests.support.processes.process import with_settings
from tests.support.processes.running import item
from tests.support.waiting import until

LEASE_TIME = 1.5


@contextmanager
def another_worker(settings: Settings, published: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in its own process; `published` is the file with the products that it published."""
    errors = published.with_name("errors")
    with published.open("wb") as output, errors.open("wb") as error_output:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.processes.worker_process", str(LEASE_TIME)],
            cwd=published.parent,
            env=with_settings(
                {
                    "PYTHONPATH": str(ROOT),
                    "STOCKPULSE_DYNAMODB": settings.dynamodb,
                    "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
                    "STOCKPULSE_DATA_DIR": str(settings.data_dir),
                }
            ),
            stdout=output,
            stderr=error_output,
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGCONT)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0, errors.read_text()


def test_a_worker_paused_past_its_lease_writes_nothing_and_gets_its_share_again(
    settings: Settings, tmp_path: Path
) -> None:
    client = connect(settings.dynamodb).tables
    names = table_names(settings.table_prefix, None)
    published, mine = tmp_path / "published", list[str]()

    def put(product_id: str) -> None:
        client.put_item(TableName=names.products, Item=item(ProductID=product_id, Stock=1))

    def shard() -> Checkpoint | None:
        try:
            rows = Checkpoints(client, names.checkpoints, CONSUMER).rows()
        except StoreUnavailable:  # the tables do not exist yet
            return None
        return next(iter(rows.checkpoints.values()), None)

    def owner() -> str | None:
        found = shard()
        return found.owner if found else None

    def publish(arrived: Any) -> None:
        mine.extend(event.product_id for _, event in arrived)

    with another_worker(settings, published) as child:
        other = until(owner, 30)
        put("before")
        until(lambda: published.read_text() == "before\n")
        # Records are published before they are checkpointed; paused in between, the worker would
        # rightly publish the record again.
        until(lambda: (found := shard()) and found.sequence_number)
        child.send_signal(signal.SIGSTOP)
        with reading(settings, publish, Wake(), lease_time=LEASE_TIME):
            put("during")
            until(lambda: mine == ["during"])
            before = shard()
            child.send_signal(signal.SIGCONT)
            until(lambda: other in Checkpoints(client, names.checkpoints, CONSUMER).rows().workers)
            put("after")
            until(lambda: mine == ["during", "after"])
            now = shard()
            assert before is not None
            assert now is not None
            assert (now.owner, now.counter) == (before.owner, before.counter)
        until(lambda: owner() == other)
        put("again")
        until(lambda: published.read_text() == "before\nagain\n")
    assert owner() is None
    assert mine == ["during", "after"]
    client.close()
