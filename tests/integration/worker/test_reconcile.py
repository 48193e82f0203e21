"""Changes missing from the audit are found in the table and recorded; then the audit verifies."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.store.audit.chain import is_baseline
from app.store.coordination.reconcile_requests import Outcome
from app.store.dynamodb.client import connect
from tests.support.audited import entries, lose, verify
from tests.support.http.sse import Listener
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.reconciling import Parts


@pytest.fixture
def parts(app: App) -> Parts:
    return Parts(app.clients, app.services.settings, app.services.broker.publish)


def test_lost_changes_are_found_in_the_table_and_the_audit_verifies_again(
    app: App, parts: Parts
) -> None:
    with Listener(app.url) as feed:
        for product_id in ("changed", "deleted", "untouched", "new"):
            app.put_outside(ProductID=product_id, Stock=7)
        app.put_outside(ProductID="changed", Stock=4)
        app.tables.delete_item(TableName=parts.names.products, Key=item(ProductID="deleted"))
        feed.changes(6)
        lose(parts, "changed", 1)
        lose(parts, "deleted", 1)
        lose(parts, "new", 1)
        assert parts.comparison().run() == Outcome(compared=4, found=3, written=3)
        shown = {m.data["subject"]: m.data["data"] for m in feed.changes(9)[6:]}
    changed, deleted, new = shown["changed"], shown["deleted"], shown["new"]
    assert {event["kind"] for event in shown.values()} == {"reconciled"}
    assert (changed["stock_before"], changed["stock_after"], changed["delta"]) == (7, 4, None)
    assert (changed["before"]["Stock"], changed["after"]["Stock"]) == (7, 4)
    assert changed["event_key"] == f"{entries(parts, 'changed')[0]['EventKey']['S']}~r0000"
    assert (deleted["stock_before"], deleted["after"]) == (7, None)
    assert is_baseline(new["event_key"])
    assert app.http.get(f"/v1/events/{changed['id']}").json()["data"] == changed
    assert [e["data"]["id"] for e in app.http.get("/v1/products/new/events").json()["items"]] == [
        new["id"]
    ]
    report = verify(parts)
    assert (report.findings, report.reconciled) == ([], 3)
    assert parts.comparison().run() == Outcome(compared=4)


def test_changes_after_a_reconciled_entry_verify_and_an_early_entry_is_void(
    app: App, parts: Parts
) -> None:
    with Listener(app.url) as feed:
        for stock in (7, 4):
            app.put_outside(ProductID="P1", Stock=stock)
        feed.changes(2)
        rows = entries(parts, "P1")
        lose(parts, "P1", 1)
        assert parts.comparison().run().written == 1
        app.put_outside(ProductID="P1", Stock=3)
        feed.changes(4)
    assert verify(parts).findings == []
    # The record arrives after all: once it is audited, the `~r` entry before it is void.
    app.tables.put_item(TableName=parts.names.audit, Item=rows[1])
    assert verify(parts).findings == []
    assert [event.get("void") for event in history_of(app, "P1")] == [None, None, True, None]
    page = app.http.get("/products/history", params={"id": "P1"}).text
    assert page.count(">The missing change arrived later (Found in the table: stock 4") == 1


def history_of(app: App, product_id: str) -> list[dict[str, Any]]:
    """A product's events, read in pages of one event."""
    items, cursor = [], None
    while True:
        about = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = app.http.get(f"/v1/products/{product_id}/events", params=about).json()
        items += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return items


def test_a_difference_whose_record_may_still_come_is_not_reconciled(app: App, parts: Parts) -> None:
    with Listener(app.url) as feed:
        for stock in (7, 4):
            app.put_outside(ProductID="P1", Stock=stock)
        feed.changes(2)
    lose(parts, "P1", 1)
    behind = parts.comparison(caught_up=lambda: False).run()
    assert (behind.written, behind.left, behind.equal) == (0, 1, False)
    assert "caught up" in str(behind.error)
    assert parts.comparison().run().written == 1
    lose(parts, "P1", 1)  # the entry itself
    assert parts.comparison().run().written == 1
    newest = parts.audit.chains.newest_link("P1")
    assert newest is not None
    app.tables.delete_item(TableName=parts.names.products, Key=item(ProductID="P1"))
    with Listener(app.url, after="0000000000001-00000000-000") as feed:
        feed.wait_until(lambda: any(m.data["data"]["kind"] == "deleted" for m in feed.seen))
    lose(parts, "P1", 1)
    again = parts.comparison().run()
    assert (again.written, again.left) == (0, 1)
    in_ten = datetime.now(UTC) + timedelta(minutes=11)
    assert parts.comparison(now=lambda: in_ten).run().written == 1
    assert verify(parts).findings == []


def test_an_existing_table_gets_baselines_and_verifies(endpoint: str, tmp_path: Path) -> None:
    table = f"inventory-{tmp_path.name[-30:]}"
    clients = connect(endpoint)
    clients.tables.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "ProductID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ProductID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for product_id, stock in (("idle", 5), ("busy", 6), ("gone", 7), ("\0shard#x", 1)):
        clients.tables.put_item(TableName=table, Item=item(ProductID=product_id, Stock=stock))
    both: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    clients.tables.update_table(TableName=table, StreamSpecification=both)
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        parts = Parts(app.clients, app.services.settings)
        with Listener(app.url) as feed:
            app.put_outside(ProductID="busy", Stock=60)
            app.tables.delete_item(TableName=table, Key=item(ProductID="gone"))
            app.put_outside(ProductID="made", Stock=1)
            feed.changes(3)
        assert sorted(f.damage for f in verify(parts).findings) == [
            "no-beginning",
            "no-beginning",
            "no-history",
            "no-history",
        ]
        outcome = parts.comparison(first=True).run()
        assert (outcome.compared, outcome.written, outcome.left) == (5, 4, 0)
        report = verify(parts)
        assert (report.findings, report.reconciled) == ([], 4)
        assert entries(parts, "busy")[0]["After"]["M"]["Stock"] == {"N": "6"}
        assert len(entries(parts, "!0shard#x")) == 1
        assert entries(parts, "\0shard#x") == []  # where a shard's gaps would be
        assert parts.comparison(first=True).run().written == 0


def test_under_a_view_without_new_images_only_a_baseline_is_written(
    endpoint: str, tmp_path: Path
) -> None:
    table = f"inventory-{tmp_path.name[-30:]}"
    clients = connect(endpoint)
    keys: Any = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    clients.tables.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "ProductID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ProductID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=keys,
    )
    with serving(settings_for(endpoint, tmp_path, products_table=table)) as app:
        parts = Parts(app.clients, app.services.settings)
        with Listener(app.url) as feed:
            for stock in (1, 2):
                app.put_outside(ProductID="audited", Stock=stock)
            app.put_outside(ProductID="unaudited", Stock=1)
            feed.changes(3)
        lose(parts, "audited", 1)
        lose(parts, "unaudited", 1)
        assert parts.comparison().run() == Outcome(compared=2, found=1, written=1)
        assert [entry["Kind"]["S"] for entry in entries(parts, "unaudited")] == ["reconciled"]
