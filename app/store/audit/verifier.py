"""`stockpulse verify` checks every product's audit chain against its signatures and the table.

A product that differs from the table is checked again a minute later, because a change may not
have reached the audit yet.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from app.core.events import RESERVED, rfc3339
from app.core.item import AttributeNames, Item
from app.core.keys import NotAnID, id_in, row_id
from app.core.metadata import NONE, metadata_of
from app.runtime.in_parts import in_threads, parts
from app.store.audit.chain import BOTH_IMAGES
from app.store.audit.verification import Checked, Finding, check_entries, check_live
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_rows
from app.store.dynamodb.table_names import TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THREADS = 8
SETTLE = 60.0  # seconds until the second check
PART = 100  # products whose items are read in one call


@dataclass(slots=True)
class Report:
    """The result of a verification; gaps, reconciled entries and repeats are no damage.

    `about` is roughly how many products there are, and `starts` the time of the oldest entry of a
    chain. `begin_late` histories begin with neither an insert nor a baseline, and `empty` ones have
    no entry that has not expired; both are counted only if entries expire.
    """

    about: int = 0
    products: int = 0
    entries: int = 0
    gaps: int = 0
    reconciled: int = 0
    repeats: int = 0
    starts: datetime | None = None
    begin_late: int = 0
    empty: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, product_id: str, checked: Checked) -> None:
        """Count a product and its entries."""
        is_product = not product_id.startswith(RESERVED)
        self.products += is_product
        self.entries += checked.entries
        self.gaps += checked.gaps
        self.reconciled += checked.reconciled
        self.repeats += checked.repeats
        self.begin_late += checked.begins_late and is_product
        self.empty += checked.starts is None and is_product
        if checked.starts is not None:
            self.starts = min(checked.starts, self.starts or checked.starts)


class Verifier:
    """Reads a deployment's audit and products tables; writes nothing."""

    def __init__(
        self,
        client: "DynamoDBClient",
        tables: TableNames,
        names: AttributeNames,
        keys: Mapping[str, bytes],
        *,
        retention: timedelta | None = None,
        settle: float = SETTLE,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`retention`: after which entries expire; None if they are kept for ever."""
        self._client = client
        self._tables = tables
        self._names = names
        self._keys = keys
        self._retention = retention
        self._settle = settle
        self._sleep = sleep
        self._now = now

    def run(self, product_id: str | None, progress: Callable[[Report], None]) -> Report:
        """Verify one product, or all (None); `progress` is called after each."""
        report = Report(about=self._item_count() if product_id is None else 1)
        differing: list[str] = []
        everything = self._all() if product_id is None else self._one_by_one([product_id])
        for identifier, checked in everything:
            report.add(identifier, checked)
            if checked.has_transient:
                differing.append(identifier)
            report.findings += [found for found in checked.findings if not found.is_transient]
            progress(report)
        if differing:
            self._sleep(self._settle)
        for _, checked in self._one_by_one(differing):
            report.findings += [found for found in checked.findings if found.is_transient]
        once = dict.fromkeys(report.findings)  # a product may have been checked twice
        report.findings = sorted(once, key=lambda found: found.product_id)
        return report

    def _all(self) -> Iterator[tuple[str, Checked]]:
        """Products that have entries or are in the table, and shards that have gaps, each once."""
        seen: set[str] = set()
        again: list[str] = []
        for part in parts(self._chains(seen, again), PART):
            live = self._live(product_id for product_id, _ in part)
            for product_id, checked in part:
                self._add_live(product_id, checked, live.get(product_id))
                # It may have changed after its entries were read: read both again.
                yield (
                    self._verify_one(product_id) if checked.has_transient else (product_id, checked)
                )
        yield from self._one_by_one(again)
        rest = (product_id for product_id in self._in_table() if product_id not in seen)
        yield from self._one_by_one(rest)

    def _chains(self, seen: set[str], again: list[str]) -> Iterator[tuple[str, Checked]]:
        """Every product with entries, without a look at its item; in `seen` afterwards.

        A scan returns the entries of a product together, in order. Products for which it does not
        are added to `again`.
        """
        entries = get_rows(self._client, "scan", self._tables.audit)
        for product_id, chain in groupby(entries, key=id_in):
            if product_id in seen:
                again.append(product_id)
            else:
                seen.add(product_id)
                yield product_id, self._check(product_id, chain)

    def _one_by_one(self, ids: Iterable[str]) -> Iterator[tuple[str, Checked]]:
        with ThreadPoolExecutor(THREADS) as threads:
            yield from in_threads(threads, self._verify_one, ids, PART)

    def _verify_one(self, product_id: str) -> tuple[str, Checked]:
        checked = self._check(product_id, self._entries(product_id))
        self._add_live(product_id, checked, self._live([product_id]).get(product_id))
        return product_id, checked

    def _check(self, product_id: str, entries: Iterable[Mapping[str, Any]]) -> Checked:
        expired_by = None if self._retention is None else self._now().timestamp()
        return check_entries(product_id, entries, self._keys, expired_by)

    def _add_live(self, product_id: str, checked: Checked, live: Item | None) -> None:
        # A shard's gaps have a reserved id: there is no such item.
        if not product_id.startswith(RESERVED) and checked.last_view in {None, BOTH_IMAGES}:
            checked.findings += self._check_live(product_id, checked, live)

    def _check_live(self, product_id: str, checked: Checked, live: Item | None) -> list[Finding]:
        has_chain = checked.starts is not None
        if not has_chain and self._retention is not None:
            written = metadata_of(live, self._names) or NONE
            if (written.updated_at or "") < rfc3339(self._now() - self._retention):
                return []  # its entries have expired
        return check_live(product_id, checked.last_after, live, has_entries=has_chain)

    def _in_table(self) -> Iterator[str]:
        """Every product in the table."""
        key, scan = self._names.key, partial(get_rows, self._client, "scan", self._tables.products)
        if self._names.selects is not None:
            return (key.id_of(item) for item in scan() if self._names.is_product(item))
        aliases = {f"#k{index}": name for index, name in enumerate(key.names)}
        projection = {
            "ProjectionExpression": ", ".join(aliases),
            "ExpressionAttributeNames": aliases,
        }
        return map(key.id_of, scan(**projection))

    def _item_count(self) -> int:
        """Roughly how many items the products table has: AWS counts them every few hours."""
        with translated():
            described = self._client.describe_table(TableName=self._tables.products)["Table"]
        return described.get("ItemCount", 0)

    def _entries(self, product_id: str) -> Iterator[Mapping[str, Any]]:
        return get_rows(
            self._client,
            "query",
            self._tables.audit,
            KeyConditionExpression="ProductID = :p",
            ExpressionAttributeValues={":p": {"S": row_id(product_id)}},
        )

    def _live(self, ids: Iterable[str]) -> dict[str, Item]:
        keys = [key for product_id in ids if (key := self._key(product_id)) is not None]
        items = get_all(self._client, self._tables.products, keys)
        return {self._names.key.id_of(item): item for item in items if self._names.is_product(item)}

    def _key(self, product_id: str) -> dict[str, Any] | None:
        """The item's key; None for an id from before the table got another key, and for a shard."""
        try:
            return None if product_id.startswith(RESERVED) else self._names.key.key_of(product_id)
        except NotAnID:
            return None
