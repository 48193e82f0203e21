"""A deployment on MiniStack: the tables, the function from its zip, the event source mapping."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from app.broker.redis.connection import keys_of
from app.broker.redis.entries import entry_of
from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.store.audit.entry import event_of
from app.store.dynamodb.table_names import table_names
from app.store.dynamodb.tables import ensure_tables, stream_of
from tests.support.http.throttling import ThrottlingProxy, throttling
from tests.support.paths import ROOT
from tests.support.processes.ministack import ACCOUNT, RUNTIME, MiniStack, ministack, with_modules
from tests.support.processes.redis_server import RedisServer
from tests.support.processes.running import item

KEY = "k1:" + "a2V5" * 11
NAMES = table_names("", None)
TIMEOUT = 3  # seconds; short, so that a throttled invocation ends soon


@dataclass
class Deployment:
    """The deployed function and its surroundings."""

    stack: MiniStack
    tables: Any
    proxy: ThrottlingProxy
    folder: Path
    functions: Any
    mapping: str
    redis: Redis

    @contextmanager
    def held(self) -> Iterator[None]:
        """Changes written in this block reach the function afterwards, in one batch."""
        for enabled in (False, True):
            self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=enabled)
            if not enabled:
                yield

    def put(self, product_id: str, stock: int) -> None:
        """A change by another program."""
        self.tables.put_item(TableName=NAMES.products, Item=item(ProductID=product_id, Stock=stock))

    def crash_at(self, point: str) -> None:
        """Make the function crash the next time that it reaches this point in a batch."""
        (self.folder / "crash").write_text(point)

    @property
    def crashed(self) -> bool:
        return not (self.folder / "crash").exists()

    def journal(self, kind: str) -> list[Any]:
        """The function's journal entries of one kind, in order."""
        path = self.folder / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line[kind] for line in map(json.loads, lines) if kind in line]

    def published(self) -> list[str]:
        """Event ids in the order in which Redis received them."""
        found: Any = self.redis.xrange(keys_of("", NAMES.products).stream)
        return [entry.event_id for _, fields in found if (entry := entry_of(fields)) is not None]

    def audited(self, prefix: str) -> list[ChangeEvent]:
        """Audit entries of products with this prefix, by product and key."""
        pages = self.tables.get_paginator("scan").paginate(TableName=NAMES.audit)
        events = [event_of(entry) for page in pages for entry in page["Items"]]
        return sorted(
            (event for event in events if event.product_id.startswith(prefix)),
            key=lambda event: (event.product_id, event.event_key),
        )

    def dead_letters(self) -> list[Any]:
        """All dead letters."""
        items: list[Any] = self.tables.scan(TableName=NAMES.dead_letters)["Items"]
        return items

    def wait(self, done: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until `done()` is true; fail with the stack's log after a timeout."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            result = done()
            if result:
                return result
            time.sleep(0.02)
        raise AssertionError(self.stack.output.read_text()[-3000:])


@contextmanager
def deployed(folder: Path, package: Path) -> Iterator[Deployment]:
    """Run a MiniStack with everything deployed until the block ends."""
    with (
        ministack(folder) as stack,
        throttling(stack.url, "BatchWriteItem") as proxy,
        RedisServer(folder) as server,
        server.client() as redis,
    ):
        tables = stack.client("dynamodb")
        ensure_tables(tables, NAMES, DEFAULT_NAMES)
        functions = stack.client("lambda")
        functions.create_function(
            FunctionName="stockpulse",
            Runtime=RUNTIME,
            Role=f"arn:aws:iam::{ACCOUNT}:role/stockpulse",
            Handler="faulty_function.handler",
            Code={
                "ZipFile": with_modules(
                    package,
                    ROOT / "tests/support/processes/faulty_function.py",
                    ROOT / "tests/support/processes/fault_points.py",
                )
            },
            Timeout=TIMEOUT,
            MemorySize=512,
            Environment={
                "Variables": {
                    "STOCKPULSE_DYNAMODB": "aws",
                    "STOCKPULSE_AUDIT_KEYS": KEY,
                    "STOCKPULSE_BROKER_URL": server.url,
                    "AWS_ENDPOINT_URL": proxy.url,
                    "TEST_JOURNAL": str(folder / "journal"),
                    "TEST_CRASH": str(folder / "crash"),
                }
            },
        )
        mapping = functions.create_event_source_mapping(
            FunctionName="stockpulse",
            EventSourceArn=stream_of(tables, NAMES.products).arn,
            StartingPosition="TRIM_HORIZON",
            BatchSize=100,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        yield Deployment(stack, tables, proxy, folder, functions, mapping["UUID"], redis)
        tables.close()
        functions.close()
