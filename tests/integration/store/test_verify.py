"""`verify` reports all damage that it promises to detect, and nothing in its blind spots."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.config.key_files import own_keys, parse_keys
from app.store.audit import verifier
from app.store.audit.chain_reader import ChainReader
from app.store.audit.entry import Signer, event_of
from app.store.audit.verifier import Report, Verifier
from app.store.dynamodb.reads import get_rows
from tests.support.http.sse import Listener
from tests.support.processes.running import App, item

Entries = list[dict[str, Any]]


def verify(
    app: App, product_id: str | None = None, retention: timedelta | None = None, **keys: bytes
) -> Report:
    settings = app.services.settings
    names = settings.table_names
    known = keys or parse_keys(own_keys(settings.data_dir))
    checks = Verifier(
        app.tables, names, settings.attributes, known, retention=retention, settle=0.5
    )
    return checks.run(product_id, lambda _: None)


def entries_of(app: App, product_id: str) -> Entries:
    found: Entries = app.tables.query(
        TableName=audit_table(app),
        KeyConditionExpression="ProductID = :p",
        ExpressionAttributeValues={":p": {"S": product_id}},
    )["Items"]
    return found


def all_entries(app: App) -> Entries:
    found: Entries = app.tables.scan(TableName=audit_table(app), ConsistentRead=True)["Items"]
    return found


def audit_table(app: App) -> str:
    return f"{app.services.settings.table_prefix}ProductEvents"


@pytest.fixture(scope="module")
def undamaged(shared: App) -> Entries:
    """The audit entries of two products, one of them deleted."""
    with Listener(shared.url) as feed:
        shared.create("P1", 10)
        for _ in range(4):
            shared.adjust("P1", -1)
        shared.create("P2", 1)
        shared.http.delete("/v1/products/P2", headers={"If-Match": "*"})
        feed.changes(7)
    return all_entries(shared)


@pytest.fixture
def history(shared: App, undamaged: Entries) -> Iterator[App]:
    """The two products; a test's changes to their audit are undone."""
    yield shared
    for entry in all_entries(shared):
        remove(shared, entry)
    for entry in undamaged:
        shared.tables.put_item(TableName=audit_table(shared), Item=entry)


def test_an_unchanged_history_has_no_findings(history: App) -> None:
    report = verify(history)
    assert report.findings == []
    assert (report.products, report.entries) == (2, 8)  # with the entry of the delete mark


def test_scan_that_mixes_the_entries_of_two_products_causes_no_findings(
    history: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = entries_of(history, "P1"), entries_of(history, "P2")

    def mixed(client: Any, operation: Any, table: str, **request: Any) -> Iterator[Any]:
        if operation == "scan" and table == audit_table(history):
            return iter([*first[:1], *second[:1], *first[1:], *second[1:]])
        return get_rows(client, operation, table, **request)

    monkeypatch.setattr(verifier, "get_rows", mixed)
    assert verify(history).findings == []
    remove(history, first[2])
    assert [finding.damage for finding in verify(history).findings] == ["broken-chain"]


def change(entry: dict[str, Any]) -> None:
    entry["Actor"] = {"S": "somebody else"}


def change_number(entry: dict[str, Any]) -> None:
    entry["StockAfter"] = {"N": "99"}


def change_image(entry: dict[str, Any]) -> None:
    entry["After"]["M"]["Stock"] = {"N": "99"}


def drop_signature(entry: dict[str, Any]) -> None:
    del entry["HMAC"]


@pytest.mark.parametrize("damage", [change, change_number, change_image, drop_signature])
def test_a_changed_entry_is_reported(
    history: App, damage: Callable[[dict[str, Any]], None]
) -> None:
    entry = entries_of(history, "P1")[2]
    damage(entry)
    history.tables.put_item(TableName=audit_table(history), Item=entry)
    (finding,) = verify(history).findings
    assert (finding.damage, finding.event_key) == ("changed", entry["EventKey"]["S"])


def test_a_malformed_entry_does_not_affect_other_entries(history: App) -> None:
    """A web process loads its ring like this, and must start despite such a row."""
    entry = entries_of(history, "P1")[-1]
    del entry["Kind"]
    history.tables.put_item(TableName=audit_table(history), Item=entry)
    assert ("changed", "P1") in [(f.damage, f.product_id) for f in verify(history).findings]
    answer = history.http.get("/v1/products/P1/events")
    assert (answer.status_code, len(answer.json()["items"])) == (200, 4)
    assert len(history.services.store.timeline.latest(50).items) == 6
    assert len(list(history.services.store.timeline.recent())) == 7
    newest = ChainReader(history.tables, audit_table(history)).newest_link("P1")
    assert newest is not None
    assert newest.key == entries_of(history, "P1")[-2]["EventKey"]["S"]


def test_a_removed_entry_is_reported(history: App) -> None:
    entries = entries_of(history, "P1")
    remove(history, entries[2])
    (finding,) = verify(history).findings
    assert (finding.damage, finding.event_key) == ("broken-chain", entries[3]["EventKey"]["S"])


def test_an_inserted_entry_is_reported(history: App) -> None:
    entry = entries_of(history, "P1")[2]
    key = entry["EventKey"]["S"]
    entry["EventKey"] = {"S": key[:-1] + str((int(key[-1]) + 1) % 10)}
    history.tables.put_item(TableName=audit_table(history), Item=entry)
    damages = {finding.damage for finding in verify(history).findings}
    assert "changed" in damages


def test_an_entry_signed_with_an_unknown_key_is_reported(history: App) -> None:
    entry = entries_of(history, "P1")[2]
    forged = Signer("forger", b"x" * 32).entry(replace(event_of(entry), actor="nobody"))
    history.tables.put_item(TableName=audit_table(history), Item=forged)
    (finding,) = verify(history).findings
    assert finding.damage == "unknown-key"


def test_a_missing_end_and_a_missing_beginning_are_reported(history: App) -> None:
    entries = entries_of(history, "P1")
    remove(history, entries[-1])
    assert [finding.damage for finding in verify(history).findings] == ["cut-off"]
    remove(history, entries[0])
    damages = {finding.damage for finding in verify(history).findings}
    assert damages == {"cut-off", "no-beginning"}


def test_a_removed_history_of_an_existing_product_is_reported(history: App) -> None:
    for entry in entries_of(history, "P1"):
        remove(history, entry)
    (finding,) = verify(history).findings
    assert (finding.damage, finding.product_id) == ("no-history", "P1")


def test_a_removed_history_of_an_absent_product_is_not_detected(history: App) -> None:
    for entry in entries_of(history, "P2"):
        remove(history, entry)
    assert verify(history).findings == []


def test_a_removed_run_between_equal_images_is_not_detected(app: App) -> None:
    table, key = app.services.about.products_table, item(ProductID="P1")
    with Listener(app.url) as feed:
        for stock in (5, 6, 5):
            app.tables.put_item(TableName=table, Item=key | item(Stock=stock))
        feed.changes(3)
    for entry in entries_of(app, "P1")[1:]:
        remove(app, entry)
    assert verify(app).findings == []


def test_a_change_that_has_not_arrived_is_not_damage(app: App) -> None:
    app.create("P1", 10)
    assert verify(app, "P1").findings == []
    app.adjust("P1", -1)
    assert verify(app, "P1").findings == []


def test_entries_of_an_older_key_can_be_verified_while_the_key_is_known(history: App) -> None:
    own = parse_keys(own_keys(history.services.settings.data_dir))
    assert verify(history, **{"new": b"n" * 32} | own).findings == []
    findings = verify(history, new=b"n" * 32).findings
    assert {finding.damage for finding in findings} == {"unknown-key"}


MONTH = timedelta(days=30)


def test_with_a_retention_the_check_starts_at_the_first_entry_that_is_left(history: App) -> None:
    for entry in entries_of(history, "P1")[:2]:
        remove(history, entry)
    report = verify(history, retention=MONTH)
    assert (report.findings, report.begin_late, report.empty) == ([], 1, 0)
    assert report.starts is not None
    remove(history, entries_of(history, "P1")[1])
    damages = [finding.damage for finding in verify(history, retention=MONTH).findings]
    assert damages == ["broken-chain"]


def test_with_a_retention_a_product_needs_an_entry_only_after_a_recent_change(app: App) -> None:
    key = item(ProductID="old", Stock=5)
    with Listener(app.url) as feed:
        app.create("P1", 10)
        app.tables.put_item(TableName=app.services.about.products_table, Item=key)
        feed.changes(2)
    for product_id in ("P1", "old"):
        for entry in entries_of(app, product_id):
            remove(app, entry)
    report = verify(app, retention=MONTH)
    assert [(found.damage, found.product_id) for found in report.findings] == [("no-history", "P1")]
    assert report.empty == 2
    assert {found.product_id for found in verify(app).findings} == {"P1", "old"}


def remove(app: App, entry: dict[str, Any]) -> None:
    app.tables.delete_item(
        TableName=audit_table(app),
        Key={name: entry[name] for name in ("ProductID", "EventKey")},
    )
