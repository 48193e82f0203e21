"""DynamoDB Local, like AWS, gives a new ARN: the old stream is read before the new one."""

import os
from typing import Any

import pytest

from app.config.settings import Settings
from app.store.dynamodb.client import connect
from tests.support.processes.running import App, item, serving
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(
    "STOCKPULSE_TEST_ENDPOINT" not in os.environ,
    reason="the embedded engine keeps one log: tests/integration/engine/test_recreated_table.py",
)

BOTH: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def put(tables: Any, table: str, product_id: str) -> None:
    tables.put_item(TableName=table, Item=item(ProductID=product_id, Stock=1))


def switch(tables: Any, table: str, **stream: Any) -> None:
    tables.update_table(TableName=table, StreamSpecification=stream)


def recreate(tables: Any, table: str) -> None:
    tables.delete_table(TableName=table)
    tables.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "ProductID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ProductID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=BOTH,
    )


def products(app: App) -> list[str]:
    """The products that were inserted, oldest first."""
    items = app.http.get("/v1/events").json()["items"]
    return [event["subject"] for event in reversed(items) if event["data"]["kind"] == "inserted"]


def test_a_stream_replaced_while_a_worker_runs_is_read_in_order(app: App) -> None:
    where = app.tables, app.services.about.products_table
    put(*where, "a")
    until(lambda: products(app) == ["a"])
    switch(*where, StreamEnabled=False)
    until(lambda: "has no stream" in app.http.get("/readyz").text)
    switch(*where, **BOTH)
    put(*where, "b")
    until(lambda: products(app) == ["a", "b"])
    recreate(*where)
    put(*where, "c")
    until(lambda: products(app) == ["a", "b", "c"])
    until(lambda: app.http.get("/readyz").status_code == 200)


def test_streams_replaced_while_no_worker_runs_are_read_in_order(settings: Settings) -> None:
    """A missed change, a stream switched off and on, and a re-created table are read in order."""
    with serving(settings) as app:
        put(app.tables, app.services.about.products_table, "a")
        until(lambda: products(app) == ["a"])
        table = app.services.about.products_table
    clients = connect(settings.dynamodb)
    where = clients.tables, table
    put(*where, "b")
    switch(*where, StreamEnabled=False)
    switch(*where, **BOTH)
    put(*where, "c")
    recreate(*where)
    put(*where, "d")
    clients.tables.close()
    clients.streams.close()
    with serving(settings) as app:
        until(lambda: products(app) == ["a", "b", "c", "d"])
