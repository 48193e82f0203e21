"""The table is compared with the audit until the audit's last word is what the table holds.

Bounded memory: page by page, and a round settles before it holds too many differences. What
it costs: a consistent scan of the products table and one small Query a product; a scan of
the audit's keys, which DynamoDB bills as the whole table (it has no index), to find products
that are no longer in the table.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.core.errors import StoreRefused
from app.core.events import RESERVED, ChangeEvent
from app.core.item import Item, digest
from app.runtime.retry import Retry, Stopped
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import ChainFull
from app.store.coordination.reconcile_requests import Outcome
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.client import translated
from worker.continuity.chain_entries import ChainEntries
from worker.reconcile.decision import Look, beginning_of, decide, found_in_table

_log = logging.getLogger(__name__)

SETTLE = 60.0  # seconds until the second look
SEGMENTS = 4  # parts of the tables that are walked side by side
HELD = 25_000  # differences that a part holds until it settles them: some 10 MB
ROUNDS = 3  # second looks at what keeps moving
PATIENCE = 600.0  # seconds to wait for the readers to catch up


class Comparison:
    """One comparison of all products; `run` it once."""

    def __init__(
        self,
        deployment: Deployment,
        audit: AuditRepository,
        sink: ChainEntries,
        label: str,
        caught_up: Callable[[], bool],
        stop: threading.Event,
        *,
        first: bool = False,
        settle: float = SETTLE,
        patience: float = PATIENCE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`label` is the current stream's; `first`: none was ever done, so baselines are due."""
        self._client = deployment.clients.tables
        self._tables = deployment.tables
        self._names = deployment.names
        self._audit = audit
        self._sink = sink
        self._label = label
        self._caught_up = caught_up
        self._retry = Retry(stop)
        self._stop = stop
        self._first = first
        self._settle = settle
        self._patience = patience
        self._now = now
        self._lock = threading.Lock()
        self._outcome = Outcome()

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        so_far = self._outcome
        return (
            f"{so_far.compared} products compared, {so_far.found} differ, {so_far.written} written"
        )

    def run(self) -> Outcome:
        """Compare, look again at what differs, and write.

        Raises:
            Stopped: the worker is ending; what is written stays and is right.

        """
        with ThreadPoolExecutor(SEGMENTS, "reconcile") as threads:
            list(threads.map(self._segment, range(SEGMENTS)))
        return self._outcome

    def _segment(self, segment: int) -> None:
        held: dict[str, Look] = {}
        self._hold(held, self._in_table(segment))
        if self._first and not self._await_records():
            return
        self._hold(held, self._gone(segment))
        self._settled(held)

    def _hold(self, held: dict[str, Look], looks: Iterator[Look]) -> None:
        """Hold what differs for its second look."""
        for look in looks:
            if look.differs:
                self._count(found=1)
                held[look.product_id] = look
                if len(held) >= HELD:
                    self._settled(held)
                    held.clear()

    def _in_table(self, segment: int) -> Iterator[Look]:
        key = self._names.key
        for page in self._pages(segment, TableName=self._tables.products):
            for item in page:
                if not item[key]["S"].startswith(RESERVED):  # its records are parked at decode
                    yield self._first_look(item[key]["S"], item)

    def _gone(self, segment: int) -> Iterator[Look]:
        """Audited products that are not in the table."""
        last = ""
        keys_only = {"TableName": self._tables.audit, "ProjectionExpression": "ProductID"}
        for page in self._pages(segment, **keys_only):
            ids = dict.fromkeys(entry["ProductID"]["S"] for entry in page)
            for product_id in self._absent([name for name in ids if name != last]):
                yield self._first_look(product_id, None)
            last = next(reversed(ids), last)

    def _await_records(self) -> bool:
        """Wait until who was not in the table has a record that says so.

        A product older than the stream that was deleted just now would get no beginning: it is
        in neither table.
        """
        if self._stop.wait(self._settle):
            raise Stopped
        return self._await_readers()

    def _first_look(self, product_id: str, live: Item | None) -> Look:
        self._count(compared=1)
        look = self._look(product_id, live)
        if self._first and look.head is not None:
            self._begin(product_id)
        return look

    def _absent(self, product_ids: list[str]) -> list[str]:
        """Those of some audited products that are not in the table."""
        own = [name for name in product_ids if not name.startswith(RESERVED)]
        keys = [{self._names.key: {"S": product_id}} for product_id in own]
        read = partial(get_all, self._client, self._tables.products, keys)
        present = {item[self._names.key]["S"] for item in self._retry(read, "reconcile")}
        return [product_id for product_id in own if product_id not in present]

    def _look(self, product_id: str, live: Item | None) -> Look:
        head = self._retry(partial(self._audit.chains.newest_link, product_id), "reconcile")
        return Look(product_id, head, None if live is None else digest(live))

    def _settled(self, held: dict[str, Look]) -> None:
        """Look again at what differed, and at what moved again, and write what stayed."""
        too_soon = 0
        for _ in range(ROUNDS):
            if not held:
                break
            if self._stop.wait(self._settle):
                raise Stopped
            if not self._await_readers():
                break
            moving: dict[str, Look] = {}
            for first in held.values():
                verdict, second = self._second_look(first)
                too_soon += verdict == "too soon"
                if verdict == "moving":
                    moving[first.product_id] = second
            held = moving
        self._count(left=len(held) + too_soon)

    def _second_look(self, first: Look) -> tuple[str, Look]:
        if self._stop.is_set():
            raise Stopped
        product_id = first.product_id
        head = self._retry(partial(self._audit.chains.newest_link, product_id), "reconcile")
        live = self._retry(partial(self._live, product_id), "reconcile")
        second = Look(product_id, head, None if live is None else digest(live))
        verdict = decide(first, second, self._now())
        if verdict == "write":
            if not self._caught_up():
                return "moving", second
            self._write(second, live)
        if self._first and second.head is not None:
            self._begin(product_id)
        return verdict, second

    def _write(self, look: Look, live: Item | None) -> None:
        head = None
        if look.head is not None:
            ref = (look.product_id, look.head.key)
            head = self._retry(partial(self._audit.get, ref), "reconcile")
        try:
            self._append(
                found_in_table(look.product_id, head, live, self._label, self._now(), self._names)
            )
        except (StoreRefused, ChainFull) as error:  # the others are no worse for it
            _log.error("product %r cannot be reconciled: %s", look.product_id, error)
            self._count(left=1)

    def _begin(self, product_id: str) -> None:
        """The baseline of a product whose first record tells that it was there before."""
        oldest = self._retry(partial(self._audit.chains.oldest, product_id), "reconcile")
        baseline = None if oldest is None else beginning_of(oldest, self._names)
        if baseline is not None:
            self._append(baseline)

    def _append(self, event: ChangeEvent) -> None:
        if self._retry(partial(self._sink.append, event), "reconcile"):
            self._count(written=1)

    def _await_readers(self) -> bool:
        """Whether the readers caught up in time; where they did not, why it ends is noted."""
        for _ in range(int(self._patience) + 1):
            if self._caught_up():
                return True
            if self._stop.wait(min(1.0, self._patience)):
                raise Stopped
        self._count(error="the worker has not caught up with the stream: ask again when it has")
        return False

    def _live(self, product_id: str) -> Item | None:
        key = {self._names.key: {"S": product_id}}
        return next(iter(get_all(self._client, self._tables.products, [key])), None)

    def _pages(self, segment: int, **request: Any) -> Iterator[list[Mapping[str, Any]]]:
        request |= {"ConsistentRead": True, "Segment": segment, "TotalSegments": SEGMENTS}

        def page() -> Any:
            with translated():
                return self._client.scan(**request)

        while True:
            answer = self._retry(page, "reconcile")
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _count(self, **part: Any) -> None:
        with self._lock:
            self._outcome = self._outcome.plus(Outcome(**part))
