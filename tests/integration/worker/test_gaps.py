"""A gap is written once, shown as a gap, and passes verification."""

import threading
from typing import Any

import pytest

from app.config.settings import Settings
from app.runtime.retry import Retry
from app.store.dynamodb.client import connect
from tests.support.audited import entries, remove, verify
from tests.support.builders import STREAM_ARN, an_item, as_boto3, inserted, modified
from tests.support.http.sse import Listener
from tests.support.processes.running import App
from tests.support.reconciling import Parts
from tests.support.waiting import until
from worker.continuity.gaps import SHARD, ChainGuard
from worker.stream.decode import decode


@pytest.fixture
def parts(app: App) -> Parts:
    return Parts(app.clients, app.services.settings, app.services.broker.publish)


def test_a_shard_gap_is_written_once_and_shown_as_a_gap(app: App, parts: Parts) -> None:
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
    by_kind = {"kind": "gap"}
    until(lambda: len(app.http.get("/v1/events", params=by_kind).json()["items"]) == 2, 15)

    def reported() -> list[tuple[str, str]]:
        details = app.http.get("/readyz").json()["details"]
        return [(gap["shard_id"], gap["why"]) for gap in details["gaps"] or ()]

    until(lambda: reported() == [("shardId-1", "another reason"), ("shardId-1", why)], 15)


def test_a_forged_shard_gap_is_found(app: App, parts: Parts) -> None:
    parts.gaps.report("shardId-1", STREAM_ARN, None, "trimmed")
    (entry,) = entries(parts, f"{SHARD}shardId-1")
    app.tables.put_item(
        TableName=parts.names.audit, Item=entry | {"Note": {"S": "nothing was lost"}}
    )
    assert [finding.damage for finding in verify(parts).findings] == ["changed"]


def test_a_missing_record_is_a_gap_in_the_chain(settings: Settings) -> None:
    parts = Parts(connect(settings.dynamodb), settings)
    guard = ChainGuard(parts.gaps, Retry(threading.Event()))
    states = [an_item(Stock=stock) for stock in (9, 8, 7, 6)]

    def take(change: Any) -> None:
        guard.accept([decode(as_boto3(change), STREAM_ARN)], parts.audit.append)

    take(inserted(states[0], sequence_number="1"))
    take(modified(states[1], states[2], sequence_number="3"))  # 2 was never read
    take(modified(states[2], states[3], sequence_number="4"))
    parts.clients.tables.put_item(TableName=parts.names.products, Item=states[3])
    rows = entries(parts, "P1")
    kinds = [entry["Kind"]["S"] for entry in rows]
    assert kinds == ["inserted", "gap", "stock_changed", "stock_changed"]
    ((_, gap),) = parts.published
    assert (gap.stock_before, gap.stock_after, gap.actor) == (9, 8, None)
    report = verify(parts)
    assert (report.findings, report.gaps) == ([], 1)
    # The gap holds both images at the gap, so removing it or an entry next to it is detected.
    for entry in rows[1:3]:
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
