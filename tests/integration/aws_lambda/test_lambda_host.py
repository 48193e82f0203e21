"""The Lambda host on a real store and a real Redis: parallel containers, and a Redis outage."""

import json
from argparse import Namespace
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.broker.redis.connection import keys_of
from app.broker.redis.entries import Entry, entry_of
from app.commands import lambda_test
from app.config.settings import Settings
from app.core.item import DEFAULT_NAMES
from app.store.coordination.workers import OwnerRefused, Workers
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import ensure_tables
from app.store.feed.feed import Feed
from tests.support.builders import an_item, as_lambda, inserted
from tests.support.processes.redis_server import RedisServer
from tests.support.processes.running import settings_for
from worker.aws_lambda.setup import start

KEY = "k1:" + "a2V5" * 11
ALL_DONE: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def settings(endpoint: str, tmp_path: Path, redis: RedisServer) -> Settings:
    return settings_for(endpoint, tmp_path, broker_url=redis.url, audit_keys=KEY)


@pytest.fixture
def names(settings: Settings) -> TableNames:
    """Tables, created as `stockpulse init` does: the function creates none."""
    names = settings.table_names
    ensure_tables(connect(settings.dynamodb).tables, names, DEFAULT_NAMES)
    return names


def batch(*numbers: int) -> list[dict[str, Any]]:
    return [
        as_lambda(inserted(an_item(f"p{number}"), sequence_number=str(number)))
        for number in numbers
    ]


def published(redis: RedisServer, settings: Settings, names: TableNames) -> list[Entry]:
    with redis.client() as client:
        found: Any = client.xrange(keys_of(settings.table_prefix, names.products).stream)
    return [entry for _, fields in found if (entry := entry_of(fields)) is not None]


def test_parallel_containers_share_one_clock(
    settings: Settings, names: TableNames, redis: RedisServer
) -> None:
    first, second = start(settings), start(settings)
    for number in range(0, 60, 3):
        assert first.handle_batch(batch(number), 30) == ALL_DONE
        assert second.handle_batch(batch(number + 1, number + 2), 30) == ALL_DONE
    entries = published(redis, settings, names)
    assert len({entry.event_id for entry in entries}) == 60
    feed = Feed(connect(settings.dynamodb).tables, names.feed)
    assert [arrival.cursor for arrival in feed.since(0)] == sorted(e.cursor for e in entries)
    stamps = [entry.cursor.ms for entry in entries]  # in the order of arrival
    behind = max(earlier - later for earlier, later in pairwise(stamps))
    assert behind < 5_000


def test_records_fail_while_redis_is_down_and_succeed_afterwards(
    settings: Settings, names: TableNames, redis: RedisServer
) -> None:
    host, records = start(settings), batch(1, 2, 3)
    redis.kill()
    assert host.handle_batch(records, 0.4) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    redis.start()
    assert host.handle_batch(records, 30) == ALL_DONE
    assert [entry.topic.product_id for entry in published(redis, settings, names)] == [
        "p1",
        "p2",
        "p3",
    ]


def test_lambda_test_publishes_if_a_broker_is_configured(
    settings: Settings, names: TableNames, redis: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"Records": batch(1)}))
    assert lambda_test.run(Namespace(file=file, dry_run=False), settings) == 0
    (entry,) = published(redis, settings, names)
    assert entry.topic.product_id == "p1"


def test_the_function_refuses_a_deployment_that_workers_read(
    settings: Settings, names: TableNames
) -> None:
    workers = Workers(connect(settings.dynamodb).tables, names.checkpoints, CONSUMER)
    workers.claim_host("worker")
    with pytest.raises(OwnerRefused, match="--host lambda"):
        start(settings)
    workers.set_host("lambda")
    start(settings)
    with pytest.raises(OwnerRefused, match="Lambda"):
        workers.claim_host("worker")
