"""The fill and the follower of the read model, each beside a loop that only does the same calls.

The loops use plain boto3 and sqlite3. They decode nothing and decide nothing.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from app.readmodel.database import CACHE_KIB
from app.readmodel.follower import BATCH
from app.readmodel.opening import FILE, open_read_model
from app.readmodel.read_model import ReadModel
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import Cursor, CursorClock
from app.store.feed.feed import Feed
from app.store.timeline.event_cache import EventCache
from app.store.timeline.tail import Tail
from bench.support.readmodel.loaded import ZONE, Loaded, deployment_of
from bench.support.store import Store

_GET = 100  # entries per BatchGetItem


@contextmanager
def read_model(made: Store, folder: Path) -> Iterator[ReadModel]:
    """The read model in `folder`, following a store."""
    deployment = deployment_of(made)
    feed = Feed(made.clients.tables, made.names.feed)
    audit = AuditRepository(
        made.clients.tables, made.names.audit, feed, deployment.signer, CursorClock(0).stamp
    )
    tail = Tail(feed, audit, EventCache())
    with open_read_model(folder, deployment, feed, audit, tail, ZONE) as opened:
        yield opened


def fill(made: Store, folder: Path) -> tuple[float, float]:
    """Seconds until an empty copy has all products, and until it has all events, too."""
    folder.mkdir()
    began = time.perf_counter()
    with read_model(made, folder) as model:
        while not model.state.filled:
            time.sleep(0.01)
        products = time.perf_counter() - began
        while not model.state.events.filled:
            time.sleep(0.05)
        return products, time.perf_counter() - began


def bare_scan(made: Store) -> tuple[int, float]:
    """How many products and events a loop reads, and its seconds."""
    client, began, count = made.bare.tables, time.perf_counter(), 0
    pages = client.get_paginator("scan").paginate(
        TableName=made.names.products, ConsistentRead=True, PaginationConfig={"PageSize": 500}
    )
    count += sum(len(page["Items"]) for page in pages)
    refs = _refs(made)
    while some := list(islice(refs, _GET)):
        count += len(_entries(made, some))
    return count, time.perf_counter() - began


def follow(made: Store, loaded: Loaded, folder: Path) -> float:
    """Seconds in which the copy that lacks events gets them."""
    folder.mkdir()
    shutil.copyfile(loaded.behind / FILE, folder / FILE)
    with closing(sqlite3.connect(folder / FILE)) as reader:
        began = time.perf_counter()
        with read_model(made, folder):
            while not _has(reader, str(loaded.last)):
                time.sleep(0.01)
            return time.perf_counter() - began


def bare_follow(made: Store, loaded: Loaded, folder: Path) -> float:
    """Seconds in which a loop reads the same rows and writes the same tables."""
    folder.mkdir()
    shutil.copyfile(loaded.behind / FILE, folder / FILE)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = WAL")
        copy.execute("PRAGMA synchronous = NORMAL")
        copy.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        began = time.perf_counter()
        refs = _refs(made, loaded.after)
        for statements in loaded.writes:
            for _ in range(BATCH // _GET):
                _entries(made, list(islice(refs, _GET)))
            copy.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                copy.execute(statement, values).fetchall()
            copy.execute("COMMIT")
        return time.perf_counter() - began


def _has(reader: sqlite3.Connection, cursor: str) -> bool:
    newest = reader.execute("SELECT cursor FROM events ORDER BY number DESC LIMIT 1").fetchone()
    return newest is not None and newest[0] >= cursor


def _refs(made: Store, after: Cursor | None = None) -> Iterator[dict[str, Any]]:
    """The keys of the audit entries in the feed after a cursor."""
    first, edge = ("0", "0") if after is None else (after.day, str(after))
    client, table = made.bare.tables, made.names.feed
    days = client.query(
        TableName=table,
        KeyConditionExpression="#day = :days AND #cursor >= :first",
        ExpressionAttributeNames={"#day": "Day", "#cursor": "Cursor"},
        ExpressionAttributeValues={":days": {"S": "days"}, ":first": {"S": first}},
    )["Items"]
    for day in days:
        pages = client.get_paginator("query").paginate(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression="#day = :day AND #cursor > :after",
            ExpressionAttributeNames={"#day": "Day", "#cursor": "Cursor"},
            ExpressionAttributeValues={":day": day["Cursor"], ":after": {"S": edge}},
            PaginationConfig={"PageSize": 400},
        )
        for page in pages:
            for row in page["Items"]:
                for ref in row["Events"]["L"]:
                    yield dict(zip(("ProductID", "EventKey"), ref["L"], strict=True))


def _entries(made: Store, keys: list[dict[str, Any]]) -> list[Any]:
    if not keys:
        return []
    table = made.names.audit
    answer = made.bare.tables.batch_get_item(
        RequestItems={table: {"Keys": keys, "ConsistentRead": True}}
    )
    return answer["Responses"][table]
