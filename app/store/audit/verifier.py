"""`stockpulse verify` checks every product's audit chain against its signatures and the table.

A product that differs from the table is checked again a minute later, because a change may not
have reached the audit yet.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
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
_AT_ONCE = 2 * THREADS  # parts that are checked before any of them is reported


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
        ids = self._ids() if product_id is None else [product_id]
        differing: list[str] = []
        for identifier, checked in self._verified(ids):
            report.add(identifier, checked)
            if checked.has_transient:
                differing.append(identifier)
            report.findings += [found for found in checked.findings if not found.is_transient]
            progress(report)
        if differing:
            self._sleep(self._settle)
        for _, checked in self._verified(differing):
            report.findings += [found for found in checked.findings if found.is_transient]
        return report

    def _verified(self, ids: Iterable[str]) -> Iterator[tuple[str, Checked]]:
        with ThreadPoolExecutor(THREADS) as threads:
            for checked in in_threads(threads, self._verify_part, parts(ids, PART), _AT_ONCE):
                yield from checked

    def _verify_part(self, ids: Sequence[str]) -> list[tuple[str, Checked]]:
        expired_by = None if self._retention is None else self._now().timestamp()
        checked = [
            (
                product_id,
                check_entries(product_id, self._entries(product_id), self._keys, expired_by),
            )
            for product_id in ids
        ]
        live = self._live(ids)
        for product_id, one in checked:
            # A shard's gaps have a reserved id: there is no such item.
            if not product_id.startswith(RESERVED) and one.last_view in {None, BOTH_IMAGES}:
                one.findings += self._check_live(product_id, one, live.get(product_id))
        if len(ids) == 1:
            return checked
        # Between its entries and its item, a product may have changed: read both again at once.
        return [
            self._verify_part([product_id])[0] if one.has_transient else (product_id, one)
            for product_id, one in checked
        ]

    def _check_live(self, product_id: str, checked: Checked, live: Item | None) -> list[Finding]:
        has_chain = checked.starts is not None
        if not has_chain and self._retention is not None:
            written = metadata_of(live, self._names) or NONE
            if (written.updated_at or "") < rfc3339(self._now() - self._retention):
                return []  # its entries have expired
        return check_live(product_id, checked.last_after, live, has_entries=has_chain)

    def _ids(self) -> Iterator[str]:
        """Every product that has entries or is in the table, and the shards that have gaps, once.

        The entries of a product follow each other in a scan.
        """
        seen: set[str] = set()
        audited = self._keys_in(self._tables.audit, "ProductID", "FullProductID")
        if self._names.selects is None:
            in_table = self._keys_in(self._tables.products, *self._names.key.names)
        else:
            items = get_rows(self._client, "scan", self._tables.products)
            in_table = (item for item in items if self._names.is_product(item))
        for product_id in chain(map(id_in, audited), map(self._names.key.id_of, in_table)):
            if product_id not in seen:
                seen.add(product_id)
                yield product_id

    def _item_count(self) -> int:
        """Roughly how many items the products table has: AWS counts them every few hours."""
        with translated():
            described = self._client.describe_table(TableName=self._tables.products)["Table"]
        return described.get("ItemCount", 0)

    def _keys_in(self, table: str, *names: str) -> Iterator[Mapping[str, Any]]:
        aliases = {f"#k{index}": name for index, name in enumerate(names)}
        return get_rows(
            self._client,
            "scan",
            table,
            ProjectionExpression=", ".join(aliases),
            ExpressionAttributeNames=aliases,
        )

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
