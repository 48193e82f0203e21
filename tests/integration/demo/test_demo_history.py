"""Simulated history is in audit and feed exactly once, and the shop continues after it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.config.signing import signer_of
from app.demo.fitting import DemoRefused
from app.demo.history.backfill import HistoryCounts, split_at, write_history
from app.demo.live import Plan
from app.demo.runner import DemoShop
from app.demo.simulation.shop import changes
from app.store import location
from app.store.dynamodb import tables
from app.store.dynamodb.table_names import TableNames
from tests.support.demo import ZONE, feed_events
from tests.support.processes.running import item, serving, settings_for
from tests.support.waiting import until


@contextmanager
def owned(settings: Settings) -> Iterator[tuple[location.Place, TableNames]]:
    names = settings.table_names
    with location.owned(settings.dynamodb, settings.data_dir, names) as where:
        tables.ensure_tables(where.connect().tables, names, settings.attributes)
        yield where, names


def write_past(settings: Settings, span: timedelta) -> tuple[HistoryCounts, Plan]:
    now = datetime.now(UTC)
    past, rest = split_at(changes(4, now - span, ZONE), now)
    with owned(settings) as (where, names):
        counts = write_history(where, names, settings.attributes, signer_of(settings), past, span)
    return counts, Plan(rest, 50)


def test_history_is_in_audit_and_feed_exactly_once(
    settings: Settings,
) -> None:
    span = timedelta(days=2)
    began = datetime.now(UTC) - span
    counts, _ = write_past(settings, span)
    assert counts.others == 0
    with serving(settings) as app:
        first = feed_events(app)
        shown = [event for event in first if event.kind != "internal"]
        assert len(first) == counts.records > 400
        assert timedelta(0) <= shown[0].occurred_at - began + timedelta(seconds=1) < timedelta(1)
        assert datetime.now(UTC) - shown[-1].occurred_at < timedelta(hours=14)
        assert all(one.occurred_at <= other.occurred_at for one, other in pairwise(first))

        last = {event.product_id: event.after for event in first}
        left = {key: after for key, after in last.items() if after is not None}
        scanned = app.tables.scan(TableName=app.services.about.products_table, ConsistentRead=True)
        assert {item["ProductID"]["S"]: item for item in scanned["Items"]} == left
        assert len(left) == counts.products >= 200

        # Arrivals are in the past too: the feed has each of the days.
        days = {cursor.day for cursor, _ in app.services.store.timeline.recent()}
        assert len(days) in {2, 3}

        product_id = next(key for key, after in left.items() if int(after["Stock"]["N"]))
        assert app.adjust(product_id, -1).status_code == 200
        until(lambda: feed_events(app, 1)[0].actor == "local")
        time.sleep(1)  # enough for duplicates from the stream to arrive, if there were any
        later = feed_events(app)[len(first) :]
        assert [event.product_id for event in later] == [product_id]
        assert later[0].before == left[product_id]
        assert later[0].event_key > max(event.event_key for event in first)
        history = app.http.get(f"/v1/products/{product_id}/events").json()["items"]
        assert history[0]["data"]["actor"] == "local"
        assert history[-1]["data"]["note"] in {"opening stock", "new in the shop"}


def test_shop_continues_after_its_history(settings: Settings) -> None:
    _, rest = write_past(settings, timedelta(hours=6))
    with serving(settings) as app:
        before = len(feed_events(app))
        with DemoShop(app.services.store.products, rest) as shop:
            shop.start()
            until(lambda: len(feed_events(app)) > before + 40)
        later = feed_events(app)[before:]
    assert {event.reason for event in later} >= {"sold"}
    assert not any(event.kind == "inserted" and event.note == "opening stock" for event in later)


def test_earlier_changes_by_other_programs_are_audited(settings: Settings) -> None:
    with owned(settings) as (where, names):
        client = where.connect().tables
        client.put_item(TableName=names.products, Item=item(ProductID="mine", Stock=1))
        client.delete_item(TableName=names.products, Key=item(ProductID="mine"))
    counts, _ = write_past(settings, timedelta(hours=2))
    assert counts.others == 2
    with serving(settings) as app:
        kinds = [event.kind for event in feed_events(app) if event.product_id == "mine"]
        assert kinds == ["inserted", "deleted"]


def test_history_is_refused_in_a_store_that_is_not_empty(settings: Settings) -> None:
    with serving(settings) as app:
        app.create("P1")
        until(lambda: feed_events(app))
        app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
    with pytest.raises(DemoRefused, match="ProductEvents is not empty"):
        write_past(settings, timedelta(hours=2))


def test_history_longer_than_retention_is_refused(endpoint: str, tmp_path: Path) -> None:
    settings = settings_for(endpoint, tmp_path, audit_retention_days=2)
    with pytest.raises(DemoRefused, match="RETENTION"):
        write_past(settings, timedelta(days=3))
