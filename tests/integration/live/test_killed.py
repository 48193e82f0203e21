"""Killed between any two steps, the application loses no event and sends none twice.

This is the short version; `make faults` runs the long one.
"""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from app.core.events import ChangeEvent
from app.store.audit.entry import event_of
from app.store.dynamodb.client import connect
from app.store.engine import find_running
from app.store.timeline.first_arrivals import LATE_MS
from tests.support.http import plain
from tests.support.http.plain import Client
from tests.support.processes.fault_points import PIPELINE_POINTS
from tests.support.processes.process import Follower, Process
from tests.support.processes.running import item
from tests.support.waiting import until

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("point", PIPELINE_POINTS)
def test_kill_at_any_fault_point_loses_and_duplicates_nothing(tmp_path: Path, point: str) -> None:
    changes = 40
    app = Process(tmp_path / "data", module="tests.faults.crashing")
    app.environment = {"CRASH_AT": point, "CRASH_AFTER": "1"}
    follower = Follower(app.url)
    app.start()
    try:
        engine = find_running(app.data_dir)
        assert engine is not None
        writer = threading.Thread(target=write, args=(engine.url, changes))
        writer.start()
        follower.follow(20)  # ends with the crash
        assert app.wait_dead() == -signal.SIGKILL, app.output
        writer.join()
        time.sleep(LATE_MS / 1000)  # pages do not recognise an event that arrives again sooner
        app.environment = {}
        app.start()
        for _ in range(20):
            follower.follow(3, until=changes)
            if len(set(follower.ids)) >= changes:
                break
        audited = audit_of(engine.url)
        listed = until(lambda: len(found := listed_ids(app.url)) >= changes and found)
    finally:
        app.__exit__()
    assert len(audited) == changes
    assert {event.id for event in audited} == set(follower.ids), app.output
    assert len(follower.ids) == len(set(follower.ids)), "an event was sent twice"
    assert sorted(listed) == sorted(follower.ids), "the pages of events repeat or lack some"
    stocks = [event.stock_after for event in audited if event.product_id == "P0"]
    assert stocks == sorted(stocks)


def test_data_survives_a_kill_of_application_and_engine(tmp_path: Path) -> None:
    app = Process(tmp_path / "data")
    with app:
        body = {"product_id": "P1", "name": "Kettle", "stock": 3}
        assert plain.post(f"{app.url}/v1/products", json=body).status_code == 201
        engine = find_running(app.data_dir)
        assert engine is not None
        app.kill()
        os.kill(engine.pid, signal.SIGKILL)
        app.start()
        assert plain.get(f"{app.url}/v1/products/P1").json()["stock"] == 3
        again = find_running(app.data_dir)
        assert again is not None
        assert again.url == engine.url
        assert app.stop() == 0
        with pytest.raises(ProcessLookupError):
            os.kill(again.pid, 0)


def write(url: str, changes: int) -> None:
    """Change the stock of four products, as another program would."""
    client = connect(url).tables
    for number in range(changes):
        time.sleep(0.03)  # slower than the reader, so that there are several batches
        client.put_item(
            TableName="Products",
            Item=item(ProductID=f"P{number % 4}", ProductName="n", Stock=number),
        )


def listed_ids(url: str) -> list[str]:
    """The ids of all events, newest first, from pages of one."""
    found, cursor = [], None
    with Client(base_url=url) as http:
        while True:
            given = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
            page = http.get("/v1/events", params=given).raise_for_status().json()
            found += [item["id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                return found


def audit_of(url: str) -> list[ChangeEvent]:
    """The events of all audit entries, by product and event key."""
    pages = connect(url).tables.get_paginator("scan").paginate(TableName="ProductEvents")
    events = [event_of(entry) for page in pages for entry in page["Items"]]
    return sorted(events, key=lambda event: (event.product_id, event.event_key))
