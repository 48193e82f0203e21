"""The System page works with and without script, and while parts are failing."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.store.engine import find_running
from app.store.notifications.totals import NoticeTotals, RuleTotal
from app.store.notifications.trouble_log import TroubleLog
from tests.browser.accessibility import check_page
from tests.support.processes.process import Process
from tests.support.processes.running import App

INTERVAL = 5_000  # milliseconds between the page's refreshes
PATIENCE = 20  # seconds, on a loaded machine


def test_healthy_system_shows_its_shard(app: App, browser: Browser) -> None:
    app.create("K1")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(app.url)
    page.get_by_role("link", name="System").click()
    expect(page.locator("#verdict").get_by_role("status")).to_contain_text(
        "All is well: changes are read"
    )
    expect(page.locator("#shards tbody tr")).to_have_count(1)
    expect(page.locator("#shards tbody")).to_contain_text("shardId-")
    context.close()


@pytest.mark.embedded
def test_page_refreshes_to_show_a_store_outage_and_its_end(tmp_path: Path, page: Page) -> None:
    with Process(tmp_path / "data") as process:
        page.clock.install()
        page.goto(f"{process.url}/system")
        expect(page.locator("#verdict").get_by_role("status")).to_contain_text("All is well")
        page.get_by_role("heading", name="Reading of changes").click()
        page.locator("#shards-scroll").focus()
        engine = find_running(process.data_dir)
        assert engine is not None
        os.kill(engine.pid, signal.SIGSTOP)
        try:
            refreshed_until(page, "Stockpulse is not working.")
            expect(page.locator("#verdict li").first).to_contain_text("engine does not answer")
        finally:
            os.kill(engine.pid, signal.SIGCONT)
        refreshed_until(page, "All is well")
        expect(page.locator("#verdict li")).to_have_count(0)
        expect(page.locator("#shards-scroll")).to_be_focused()
        process.stop()  # a kill would leave its engine running
        page.clock.fast_forward(60_000)
        expect(page.locator("#stale")).to_contain_text("The server does not answer.")


def refreshed_until(page: Page, text: str) -> None:
    """Advance the page's clock until the headline contains the text."""
    deadline = time.monotonic() + PATIENCE
    while text not in (page.locator("#verdict").get_by_role("status").text_content() or ""):
        assert time.monotonic() < deadline, page.locator("#verdict").text_content()
        page.clock.fast_forward(INTERVAL)
        page.wait_for_timeout(800)  # a response may wait half a second for the store


def test_page_with_many_findings_is_accessible_and_fits(shared: App, page: Page) -> None:
    add_findings(shared)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{shared.url}/system", wait_until="load")
    expect(page.locator("#dead-letters tbody tr")).to_have_count(2)
    expect(page.locator("#dead-letters table")).to_be_hidden()
    check_page(page, "folded")
    page.get_by_role("link", name="Show “Changes that were not delivered”").click()
    expect(page.locator("#dead-letters table")).to_be_visible()
    for part in page.locator("details.part").all():
        if part.get_attribute("open") is None:
            part.locator("summary").click()
    # The other worker never beats: its row may already have been removed.
    expect(page.locator("#workers")).to_contain_text("alive")
    expect(page.locator("#sinks tbody tr")).to_have_count(4)
    expect(page.locator("#notices tbody tr")).to_have_count(2)
    check_page(page, "unfolded")
    page.get_by_role("button", name="Replay from…: connection webhook").click()
    expect(page.get_by_role("heading", name="Replay connection webhook")).to_be_visible()
    check_page(page, "replay")


def test_sink_is_paused_rewound_and_resumed_without_script(app: App, browser: Browser) -> None:
    add_findings(app)
    app.create("K1")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{app.url}/system")
    page.get_by_role("button", name="Pause: connection webhook").click()
    row = page.locator("#sinks tbody tr", has_text="webhook")
    expect(row).to_contain_text("paused by local")
    page.get_by_role("button", name="Replay from…: connection webhook").click()
    page.get_by_role("button", name="Skip waiting changes").click()
    expect(row).to_contain_text("up to date")
    page.get_by_role("button", name="Resume: connection webhook").click()
    expect(row).to_contain_text("running")
    context.close()


@pytest.mark.parametrize(("width", "across"), [(1280, True), (768, True), (390, False)])
def test_hops_stand_in_the_order_of_a_change_with_the_lag_on_each_arrow(
    shared: App, page: Page, width: int, *, across: bool
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{shared.url}/system")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    shared.create(f"HOP{width}")
    lags = page.locator(".hops .lag")
    expect(lags.get_by_text(re.compile(r"^(< )?\d+\.\d s$|^\d+ s$"))).to_have_count(5)
    names = page.locator(".hops strong")
    expect(names).to_have_text(["Write", "Table", "Worker", "Audit", "Live feed", "Screens"])
    boxes = [box for name in names.all() if (box := name.bounding_box())]
    places = [box["x" if across else "y"] for box in boxes]
    assert places == sorted(set(places))
    assert len({round(box["y" if across else "x"]) for box in boxes}) == 1


def add_findings(app: App) -> None:
    """Add dead letters, a failing and a paused sink, a late worker, and rules in need."""
    prefix = app.services.settings.table_prefix
    settings = app.services.settings.table_names.settings
    TroubleLog(app.tables, settings).begin("recipient r1 x", "The rule Watch does not reach ann")
    totals = [
        RuleTotal(channel="email", rule_id="r1", rule_name="Low " * 30, waiting=1234, oldest_ms=1),
        RuleTotal(channel="webhook", rule_id="r2", rule_name="All", delivered=12345, failed=2),
    ]
    NoticeTotals(app.tables, settings).save(totals)
    for number in range(2):
        app.tables.put_item(
            TableName=f"{prefix}DeadLetters",
            Item={
                "ProductID": {"S": f"a-product-with-a-long-id-{number}"},
                "SinkKey": {"S": f"webhook#2026#{number:040}"},
                "Error": {"S": "HTTPError: 502 Bad Gateway from https://hooks.example.com. " * 5},
                "LastSeenAt": {"S": "2026-11-21T10:00:00Z"},
            },
        )
    for name, state in (("partner", "paused"), ("webhook", "running")):
        app.tables.put_item(
            TableName=f"{prefix}StreamCheckpoints",
            Item={
                **app.services.store.sinks.key(name),
                "State": {"S": state},
                "Why": {"S": "answered 410 Gone" if state == "paused" else ""},
                "Cursor": {"S": "1795248751004-0a1b2c3d-000"},
                "LagSeconds": {"N": "12345.678"},
                "LagEvents": {"N": "1234"},
                "LastError": {"S": "https://hooks.example.com answered 502 Bad Gateway " * 9},
                "SavedAt": {"S": "2026-11-21T10:00:00Z"},
            },
        )
    app.tables.put_item(
        TableName=f"{prefix}StreamCheckpoints",
        Item={
            "Consumer": {"S": "stockpulse"},
            "Shard": {"S": "~worker warehouse-1.example.com 4711"},
            "Counter": {"N": "4"},
            "Kind": {"S": "worker"},
            "Status": {"S": '[{"shard_id": "shardId-1", "lag": 44, "trouble": "throttled"}]'},
        },
    )
