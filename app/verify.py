"""`stockpulse verify` holds every product's audit chain against its signatures and the table.

What differs from the table is looked at a second time a minute later, for a change may
have been on its way.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.item import AttributeNames, Item
from app.store.client import translated
from app.store.tables import TableNames
from app.store.verification import Finding, check_entries, check_live

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THREADS = 8
SETTLE = 60.0  # seconds until the second look


@dataclass(slots=True)
class Report:
    """What a verification came to."""

    products: int = 0
    entries: int = 0
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
        """Verify one product, or all (None); `progress` is told after each."""
        report = Report()
        ids = sorted(self._ids()) if product_id is None else [product_id]
        with ThreadPoolExecutor(THREADS) as threads:
            unlike = []
            for identifier, count, findings in threads.map(self._look, ids):
                report.products += 1
                report.entries += count
                settled = [found for found in findings if found.damage not in _PASSING]
                if len(settled) < len(findings):
                    unlike.append(identifier)
                report.findings += settled
                progress(report)
            if unlike:
                self._sleep(self._settle)
            for _, _, findings in threads.map(self._look, unlike):
                report.findings += [found for found in findings if found.damage in _PASSING]
        return report

    def _look(self, product_id: str) -> tuple[str, int, list[Finding]]:
        entries = list(self._entries(product_id))
        findings, last_after = check_entries(product_id, entries, self._keys)
        if any(entry["ViewType"]["S"] != "NEW_AND_OLD_IMAGES" for entry in entries[-1:]):
            return product_id, len(entries), findings
        live = check_live(product_id, last_after, self._live(product_id), has_entries=bool(entries))
        return product_id, len(entries), findings + live

    def _ids(self) -> set[str]:
        """Every product that has entries or is in the table."""
        return {
            item[key]["S"]
            for table, key in (
                (self._tables.audit, "ProductID"),
                (self._tables.products, self._names.key),
            )
            for item in self._pages(
                "scan",
                TableName=table,
                ProjectionExpression="#key",
                ExpressionAttributeNames={"#key": key},
            )
            if not item[key]["S"].startswith("\0")
        }

    def _entries(self, product_id: str) -> Iterator[Mapping[str, Any]]:
        return self._pages(
            "query",
            TableName=self._tables.audit,
            KeyConditionExpression="ProductID = :p",
            ExpressionAttributeValues={":p": {"S": product_id}},
        )

    def _pages(self, operation: Any, **request: Any) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(ConsistentRead=True, **request)
        with translated():
            for page in pages:
                yield from page["Items"]

    def _live(self, product_id: str) -> Item | None:
        with translated():
            return self._client.get_item(
                TableName=self._tables.products,
                Key={self._names.key: {"S": product_id}},
                ConsistentRead=True,
            ).get("Item")


# Damage that a change under way looks like, until it has arrived.
_PASSING = {"cut-off", "no-history"}
