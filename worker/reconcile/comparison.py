"""The table is compared with the audit until each product's last entry equals the table.

Memory is bounded: tables are read page by page, and differences are resolved before too many are
held. Costs: a consistent scan of the products table, one small Query per product, and a scan of the
whole audit to find products that are no longer in the table.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.core.errors import StoreRefused
from app.core.events import ChangeEvent
from app.core.item import Item, digest
from app.runtime.in_parts import in_threads
from app.runtime.retry import Retry, Stopped
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import ChainFull, Link
from app.store.audit.compared_tables import ComparedTables
from app.store.coordination.reconcile_requests import Outcome
from app.store.deployment import Deployment
from worker.effects.audit_writer import ChainEntries
from worker.reconcile.decision import ProductCheck, baseline_of, decide, found_in_table

_log = logging.getLogger(__name__)

SETTLE = 60.0  # seconds until the second check
THREADS = 4
AT_ONCE = 100  # products that are checked before the next ones are read
HELD = 100_000  # differences that are held before they are resolved: about 40 MB
ROUNDS = 3  # repeated checks of products that keep changing
CATCH_UP_LIMIT = 600.0  # seconds to wait for the shard readers to catch up


class Comparison:
    """One comparison of all products; call `run` once."""

    def __init__(
        self,
        deployment: Deployment,
        audit: AuditRepository,
        entries: ChainEntries,
        label: str,
        caught_up: Callable[[], bool],
        stop: threading.Event,
        *,
        first: bool = False,
        settle: float = SETTLE,
        catch_up_limit: float = CATCH_UP_LIMIT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`label`: of the current stream. `first`: none was completed yet, so baselines are due."""
        self._retry = Retry(stop)
        self._tables = ComparedTables(
            deployment.clients.tables, deployment.tables, deployment.names, self._retry
        )
        self._names = deployment.names
        self._audit = audit
        self._entries = entries
        self._label = label
        self._caught_up = caught_up
        self._stop = stop
        self._first = first
        self._pause = settle
        self._catch_up_limit = catch_up_limit
        self._now = now
        self._lock = threading.Lock()
        self._outcome = Outcome()

    @property
    def progress(self) -> str:
        """The progress, as text."""
        so_far = self._outcome
        return (
            f"{so_far.compared} products compared, {so_far.found} differ, {so_far.written} written"
        )

    def run(self) -> Outcome:
        """Compare all products, check the differing ones again, and write entries.

        Raises:
            Stopped: the worker is stopping. What is written remains and is correct.

        """
        held: dict[str, ProductCheck] = {}
        with ThreadPoolExecutor(THREADS, "reconcile") as self._threads:
            self._hold(held, self._tables.products())
            # Without the records of the products that were missing from the table, a product older
            # than the stream that was just deleted would get no baseline: it is in neither table.
            if self._first and not self._settled():
                return self._outcome
            self._hold(held, ((product_id, None) for product_id in self._tables.absent()))
            self._resolve(held)
        return self._outcome

    def _hold(
        self, held: dict[str, ProductCheck], products: Iterable[tuple[str, Item | None]]
    ) -> None:
        """Check products, and keep those that differ for a second check."""
        for check in in_threads(self._threads, self._first_check, products, AT_ONCE):
            if check.differs:
                self._count(found=1)
                held[check.product_id] = check
                if len(held) >= HELD:
                    self._resolve(held)
                    held.clear()

    def _first_check(self, product: tuple[str, Item | None]) -> ProductCheck:
        product_id, live = product
        self._count(compared=1)
        check = ProductCheck(product_id, self._newest(product_id), _hash(live))
        if self._first and check.head is not None:
            self._begin(product_id)
        return check

    def _newest(self, product_id: str) -> Link | None:
        return self._retry(partial(self._audit.chains.newest_link, product_id), "reconcile")

    def _resolve(self, held: dict[str, ProductCheck]) -> None:
        """Check products that differed again, and write entries for stable differences."""
        too_soon = 0
        for _ in range(ROUNDS):
            if not held or not self._settled():
                break
            moving: dict[str, ProductCheck] = {}
            seconds = in_threads(self._threads, self._second_check, held.values(), AT_ONCE)
            for verdict, second in seconds:
                too_soon += verdict == "too soon"
                if verdict == "moving":
                    moving[second.product_id] = second
            held = moving
        self._count(left=len(held) + too_soon)

    def _second_check(self, first: ProductCheck) -> tuple[str, ProductCheck]:
        if self._stop.is_set():
            raise Stopped
        product_id = first.product_id
        head = self._newest(product_id)  # before the item: see `ProductCheck`
        live = self._tables.product(product_id)
        second = ProductCheck(product_id, head, _hash(live))
        verdict = decide(first, second, self._now())
        if verdict == "write":
            if not self._caught_up():
                return "moving", second
            self._write(second, live)
        if self._first and second.head is not None:
            self._begin(product_id)
        return verdict, second

    def _write(self, check: ProductCheck, live: Item | None) -> None:
        head = None
        if check.head is not None:
            ref = (check.product_id, check.head.key)
            head = self._retry(partial(self._audit.get, ref), "reconcile")
        try:
            self._append(
                found_in_table(check.product_id, head, live, self._label, self._now(), self._names)
            )
        except (StoreRefused, ChainFull) as error:  # other products are unaffected
            _log.error("product %r cannot be reconciled: %s", check.product_id, error)
            self._count(left=1)

    def _begin(self, product_id: str) -> None:
        """Write the baseline of a product whose first record shows that it existed before."""
        oldest = self._retry(partial(self._audit.chains.oldest, product_id), "reconcile")
        baseline = None if oldest is None else baseline_of(oldest, self._names)
        if baseline is not None:
            self._append(baseline)

    def _append(self, event: ChangeEvent) -> None:
        if self._retry(partial(self._entries.append, event), "reconcile"):
            self._count(written=1)

    def _settled(self) -> bool:
        """Wait `settle` seconds, then for the readers; at the timeout, note the error: False."""
        if self._stop.wait(self._pause):
            raise Stopped
        for _ in range(int(self._catch_up_limit) + 1):
            if self._caught_up():
                return True
            if self._stop.wait(min(1.0, self._catch_up_limit)):
                raise Stopped
        self._count(error="the worker is behind the stream: try again when it has caught up")
        return False

    def _count(self, **part: Any) -> None:
        with self._lock:
            self._outcome = self._outcome.plus(Outcome(**part))


def _hash(live: Item | None) -> str | None:
    return None if live is None else digest(live)
