"""The products are put in their final state, and the worker's checkpoint is moved past these puts.

So a worker does not audit them a second time. All other records in the stream are changes by
other programs; they go through the pipeline before the checkpoint passes them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from app.core.item import AttributeNames, Item, digest
from app.demo.fitting import DemoRefused
from app.runtime.retry import Retry
from app.runtime.wake import Wake
from app.store.coordination.hold import Hold
from app.store.coordination.leases import Lease
from app.store.deployment import Deployment
from app.store.dynamodb.batches import WRITE_LIMIT, put_all
from app.store.location import Place
from worker.hosts.in_process import Reading, make_coordinator
from worker.sharing.membership import Member, new_owner
from worker.stream.shards.polling import IDLE_LOCAL
from worker.stream.shards.reader import Work

Take = Callable[[Sequence[Any], str], object]

WITHIN = 60.0  # seconds within which the stream must contain the puts


def hand_over(
    where: Place, deployment: Deployment, items: Mapping[str, Item], process: Take
) -> int:
    """Put the items and read the stream past them; returns the number of other records.

    Raises:
        DemoRefused: the stream did not contain all the puts within a minute.

    """
    stop = threading.Event()
    retry = Retry(stop)
    client, table = deployment.clients.tables, deployment.tables.products
    waiting = iter([(table, dict(item)) for item in items.values()])
    while batch := list(islice(waiting, WRITE_LIMIT)):
        retry(partial(put_all, client, batch), "the demo shop")
    known = _Known(items, deployment.names, process)

    def make_work(lease: Lease, _hold: Hold) -> Work:
        return partial(known.take, stream_arn=lease.stream_arn)

    one_log = where.engine is not None
    worker = make_coordinator(
        deployment,
        Reading(Member(new_owner(), folder=where.folder), Wake(), IDLE_LOCAL, one_log),
        make_work,
        stop,
    )
    # Leaving the block waits for the current page, including its checkpoint.
    with worker:
        known.wait(WITHIN)
    if known.missing:
        raise DemoRefused(
            f"{known.missing} of the demo's products did not appear in the stream of {table} "
            f"within {WITHIN:.0f} s, so the worker may audit them twice: delete the tables and "
            "start again"
        )
    return known.others


class _Known:
    """Skips the records of our own puts, and passes all others to `process`."""

    def __init__(self, items: Mapping[str, Item], names: AttributeNames, process: Take) -> None:
        self._key = names.key
        self._process = process
        self._expected = {product_id: digest(item) for product_id, item in items.items()}
        self._all_seen = threading.Event()
        self._lock = threading.Lock()  # one reader per shard calls `take`
        self.others = 0

    @property
    def missing(self) -> int:
        """How many products have not appeared in the stream."""
        return len(self._expected)

    def wait(self, seconds: float) -> None:
        """Wait until all products have appeared, or until the time is up."""
        if self._expected:
            self._all_seen.wait(seconds)

    def take(self, records: Sequence[Any], stream_arn: str) -> None:
        """Process one page of a shard."""
        others = [record for record in records if not self._is_ours(record)]
        if others:
            self._process(others, stream_arn)
        with self._lock:
            self.others += len(others)
        if not self._expected:
            self._all_seen.set()

    def _is_ours(self, record: Any) -> bool:
        change = record["dynamodb"]
        product_id = self._key.id_of(change["Keys"])
        with self._lock:
            if digest(change.get("NewImage", {})) != self._expected.get(product_id):
                return False
            del self._expected[product_id]
        return bool(record["eventName"] == "INSERT")
