"""`stockpulse verify` checks every product's audit chain against its signatures and the table.

A product that differs from the table is checked again a minute later, because a change may not
have reached the audit yet.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.core.events import RESERVED
from app.core.item import AttributeNames, Item
from app.core.keys import NotAnID, id_in, row_id
from app.store.audit.chain import BOTH_IMAGES
from app.store.audit.verification import Checked, Finding, check_entries, check_live
from app.store.dynamodb.reads import get_one, get_rows
from app.store.dynamodb.table_names import TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THREADS = 8
SETTLE = 60.0  # seconds until the second check


@dataclass(slots=True)
class Report:
    """The result of a verification; gaps, reconciled entries and repeats are no damage."""

    products: int = 0
    entries: int = 0
    gaps: int = 0
    reconciled: int = 0
    repeats: int = 0
    findings: list[Finding] = field(default_factory=list)


class Verifier:
    """Reads a deployment's audit and products tables; writes nothing."""

    def __init__(
        self,
        client: "DynamoDBClient",
        tables: TableNames,
        names: AttributeNames,
        keys: Mapping[str, bytes],
        *,
        settle: float = SETTLE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._tables = tables
        self._names = names
        self._keys = keys
        self._settle = settle
        self._sleep = sleep

    def run(self, product_id: str | None, progress: Callable[[Report], None]) -> Report:
        """Verify one product, or all (None); `progress` is called after each."""
        report = Report()
        ids = sorted(self._ids()) if product_id is None else [product_id]
        with ThreadPoolExecutor(THREADS) as threads:
            differing = []
            for identifier, checked in threads.map(self._verify_one, ids):
                report.products += not identifier.startswith(RESERVED)
                report.entries += checked.entries
                report.gaps += checked.gaps
                report.reconciled += checked.reconciled
                report.repeats += checked.repeats
                settled = [found for found in checked.findings if found.damage not in _TRANSIENT]
                if len(settled) < len(checked.findings):
                    differing.append(identifier)
                report.findings += settled
                progress(report)
            if differing:
                self._sleep(self._settle)
            for _, checked in threads.map(self._verify_one, differing):
                report.findings += [
                    found for found in checked.findings if found.damage in _TRANSIENT
                ]
        return report

    def _verify_one(self, product_id: str) -> tuple[str, Checked]:
        checked = check_entries(product_id, self._entries(product_id), self._keys)
        reserved = product_id.startswith(RESERVED)  # a shard's gaps: there is no such item
        if not reserved and checked.last_view in {None, BOTH_IMAGES}:
            live = self._live(product_id)
            checked.findings += check_live(
                product_id, checked.last_after, live, has_entries=checked.entries > 0
            )
        return product_id, checked

    def _ids(self) -> set[str]:
        """Every product that has entries or is in the table, and the shards that have gaps."""
        audited = self._keys_in(self._tables.audit, "ProductID", "FullProductID")
        if self._names.selects is None:
            in_table = self._keys_in(self._tables.products, *self._names.key.names)
        else:
            items = get_rows(self._client, "scan", self._tables.products)
            in_table = (item for item in items if self._names.is_product(item))
        return {
            *(id_in(row) for row in audited),
            *(self._names.key.id_of(row) for row in in_table),
        }

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

    def _live(self, product_id: str) -> Item | None:
        try:
            key = self._names.key.key_of(product_id)
        except NotAnID:  # from before the table got another key
            return None
        item = get_one(self._client, self._tables.products, key)
        return item if self._names.is_product(item) else None


# Damage that a change causes temporarily, until it reaches the audit.
_TRANSIENT = {"cut-off", "no-history"}
