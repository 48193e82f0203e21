"""What the audit lacks is found in the table, written down as found, and verifies afterwards."""

import threading
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.commands import reconcile
from app.settings import Settings
from app.store.chain import is_baseline
from app.store.client import connect
from app.store.keys import own_keys, parse_keys
from app.store.reconciliation import Outcome, Reconciliations
from app.verify import Report, Verifier
from tests.support.builders import STREAM_ARN, an_item, as_boto3, inserted, modified
from tests.support.reconciling import Parts
from tests.support.running import App, item, serving, settings_for
from tests.support.sse import Listener
from tests.support.waiting import until
from worker.gaps import SHARD, ChainGuard
from worker.reconcile import Reconciler, Timing
from worker.retry import Retry
from worker.source import CONSUMER
from worker.stream.decode import decode


@pytest.fixture
def parts(app: App) -> Parts:
    return Parts(app.clients, app.services.settings, app.services.broker.publish)


def verify(parts: Parts) -> Report:
    keys = parse_keys(own_keys(parts.settings.data_dir))
    tables = parts.clients.tables
    verifier = Verifier(tables, parts.names, parts.settings.attributes, keys, settle=0.1)
    return verifier.run(None, lambda _: None)


def entries(parts: Parts, product_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parts.clients.tables.query(
        TableName=parts.names.audit,
        KeyConditionExpression="ProductID = :p",
        ExpressionAttributeValues={":p": {"S": product_id}},
    )["Items"]  # type: ignore[assignment]
    return found


def lose(parts: Parts, product_id: str, count: int) -> None:
    """As if the newest `count` records had never been read."""
    for entry in entries(parts, product_id)[-count:]:
        remove(parts, entry)


def remove(parts: Parts, entry: dict[str, Any]) -> None:
    key = {name: entry[name] for name in ("ProductID", "EventKey")}
    parts.clients.tables.delete_item(TableName=parts.names.audit, Key=key)


def test_lost_changes_are_found_in_the_table_and_the_audit_is_whole_again(
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
        assert parts.comparison().run() == Outcome(looked=4, found=3, written=3)
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
    assert parts.comparison().run() == Outcome(looked=4)


def test_what_follows_on_a_reconciled_entry_verifies_and_the_early_one_is_void(
    app: App, parts: Parts
) -> None:
    with Listener(app.url) as feed:
        for stock in (7, 4):
            app.put_outside(ProductID="P1", Stock=stock)
        feed.changes(2)
        kept = entries(parts, "P1")
        lose(parts, "P1", 1)
        assert parts.comparison().run().written == 1
        app.put_outside(ProductID="P1", Stock=3)
        feed.changes(4)
    assert verify(parts).findings == []
    # The record was on its way after all: once it is audited, the `~r` before it is void.
    app.tables.put_item(TableName=parts.names.audit, Item=kept[1])
    assert verify(parts).findings == []
    assert [event.get("void") for event in history_of(app, "P1")] == [None, None, True, None]
    page = app.http.get("/products/history", params={"id": "P1"}).text
    assert page.count("The record arrived after all (Found in the table: stock 4") == 1


def history_of(app: App, product_id: str) -> list[dict[str, Any]]:
    """A product's events from pages of one each."""
    items, cursor = [], None
    while True:
        about = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = app.http.get(f"/v1/products/{product_id}/events", params=about).json()
        items += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return items


def test_a_difference_that_is_on_its_way_or_not_surely_late_is_left_alone(
    app: App, parts: Parts
) -> None:
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


def test_an_existing_table_gets_a_baseline_and_verifies_whole(
    endpoint: str, tmp_path: Path
) -> None:
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
        assert [f.damage for f in verify(parts).findings] == [
            "no-beginning",
            "no-beginning",
            "no-history",
        ]
        outcome = parts.comparison(first=True).run()
        assert (outcome.looked, outcome.written, outcome.left) == (4, 3, 0)
        report = verify(parts)
        assert (report.findings, report.reconciled) == ([], 3)
        assert entries(parts, "busy")[0]["After"]["M"]["Stock"] == {"N": "6"}
        assert entries(parts, "\0shard#x") == []
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
                app.put_outside(ProductID="told", Stock=stock)
            app.put_outside(ProductID="untold", Stock=1)
            feed.changes(3)
        lose(parts, "told", 1)
        lose(parts, "untold", 1)
        assert parts.comparison().run() == Outcome(looked=2, found=1, written=1)
        assert [entry["Kind"]["S"] for entry in entries(parts, "untold")] == ["reconciled"]


def test_a_shard_s_gap_is_told_once_and_shown_for_what_it_is(app: App, parts: Parts) -> None:
    why = "the shard was gone before its end was read"
    with Listener(app.url) as feed:
        for _ in range(2):
            parts.gaps.report("shardId-1", STREAM_ARN, "7", why)
        parts.gaps.report("shardId-1", STREAM_ARN, "7", "another reason")
        first, second = (m.data["data"] for m in feed.changes(2))
    assert parts.asked == [why, why, "another reason"]
    assert (first["kind"], first["note"], first["product_id"]) == ("gap", why, f"{SHARD}shardId-1")
    assert first["event_key"].endswith(f"{'7':0>40}~g0000")
    assert second["event_key"].endswith("~g0001")
    assert app.http.get(f"/v1/events/{first['id']}").json()["data"] == first
    report = verify(parts)
    assert (report.findings, report.gaps, report.products) == ([], 2, 0)
    by_filter = app.http.get("/v1/events", params={"kind": "gap"}).json()["items"]
    assert len(by_filter) == 2

    def told() -> list[tuple[str, str]]:
        details = app.http.get("/readyz").json()["details"]
        return [(gap["shard_id"], gap["why"]) for gap in details["gaps"] or ()]

    until(lambda: told() == [("shardId-1", "another reason"), ("shardId-1", why)], 15)


def test_a_forged_gap_of_a_shard_is_named(app: App, parts: Parts) -> None:
    parts.gaps.report("shardId-1", STREAM_ARN, None, "trimmed")
    (entry,) = entries(parts, f"{SHARD}shardId-1")
    app.tables.put_item(
        TableName=parts.names.audit, Item=entry | {"Note": {"S": "nothing was lost"}}
    )
    assert [finding.damage for finding in verify(parts).findings] == ["changed"]


def test_a_hole_between_two_records_is_a_gap_in_the_chain(settings: Settings) -> None:
    parts = Parts(connect(settings.dynamodb), settings)
    guard = ChainGuard(parts.gaps, Retry(threading.Event()))
    states = [an_item(Stock=stock) for stock in (9, 8, 7, 6)]

    def take(change: Any) -> None:
        guard.accept([decode(as_boto3(change), STREAM_ARN)], parts.audit.append)

    take(inserted(states[0], sequence_number="1"))
    take(modified(states[1], states[2], sequence_number="3"))  # 2 was never read
    take(modified(states[2], states[3], sequence_number="4"))
    parts.clients.tables.put_item(TableName=parts.names.products, Item=states[3])
    kept = entries(parts, "P1")
    kinds = [entry["Kind"]["S"] for entry in kept]
    assert kinds == ["inserted", "gap", "stock_changed", "stock_changed"]
    ((_, gap),) = parts.published
    assert (gap.stock_before, gap.stock_after, gap.actor) == (9, 8, None)
    report = verify(parts)
    assert (report.findings, report.gaps) == ([], 1)
    # A gap says what it bridges: what is taken away beside it, or it itself, shows all the same.
    for entry in kept[1:3]:
        remove(parts, entry)
        assert [finding.damage for finding in verify(parts).findings] == ["broken-chain"]
        parts.clients.tables.put_item(TableName=parts.names.audit, Item=entry)


def test_a_reconciled_entry_that_explains_a_record_is_no_gap(settings: Settings) -> None:
    parts = Parts(connect(settings.dynamodb), settings)
    guard = ChainGuard(parts.gaps, Retry(threading.Event()))
    states = [an_item(Stock=stock) for stock in (9, 8, 7)]

    def take(change: Any) -> None:
        guard.accept([decode(as_boto3(change), STREAM_ARN)], parts.audit.append)

    take(inserted(states[0], sequence_number="1"))
    parts.clients.tables.put_item(TableName=parts.names.products, Item=states[1])
    assert parts.comparison().run().written == 1
    take(modified(states[1], states[2], sequence_number="3"))
    assert [entry["Kind"]["S"] for entry in entries(parts, "P1")] == [
        "inserted",
        "reconciled",
        "stock_changed",
    ]
    assert parts.asked == []


@pytest.fixture
def reconciling(settings: Settings) -> Iterator[Parts]:
    """Tables of which only the reconciler's thread takes care."""
    parts = Parts(connect(settings.dynamodb), settings)
    requests = Reconciliations(parts.clients.tables, parts.names.checkpoints, CONSUMER)
    reconciler = Reconciler(
        requests,
        lambda: parts.stream_arn,
        lambda _, state: parts.comparison(first=state.is_first),
        parts.stop,
        Timing(poll=0.05, beat=0.05, dead=0.3),
    )
    with reconciler:
        yield parts


def test_the_command_has_a_worker_reconcile(
    reconciling: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    reconciling.clients.tables.put_item(
        TableName=reconciling.names.products, Item=item(ProductID="P1", Stock=1)
    )
    assert reconcile.run(Namespace(timeout=60.0), reconciling.settings) == 0
    assert "1 products compared" in capsys.readouterr().out
    assert verify(reconciling).findings == []


def test_a_reconciler_that_died_at_it_is_relieved(reconciling: Parts) -> None:
    requests = Reconciliations(reconciling.clients.tables, reconciling.names.checkpoints, CONSUMER)
    pause = threading.Event()
    while (state := requests.state()).stream is None:
        pause.wait(0.02)
    assert requests.claim(state.beat, "dead")
    number = requests.ask("a test", datetime.now(UTC))
    while requests.state().done < number:
        pause.wait(0.02)
    assert not requests.state().busy
