"""No page is "Live" while it may be behind: each part is frozen in turn, and every page says so."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.faults.engines import EMBEDDED, Engine
from tests.faults.split import SplitDeployment
from tests.support.http import plain
from tests.support.http.freezing import FreezingProxy
from tests.support.processes.process import Process

LIMIT = 10.0  # seconds until every page says that it may be behind
RECOVERED = 45_000  # milliseconds: the longest pause between tries, on a loaded machine
PAGES = ("/", "/products", "/audit", "/system")
LIVE = re.compile("^Live")


# Collects the pill's states from now on.
STATES_SEEN = """pill => {
  const seen = [pill.dataset.state];
  new MutationObserver(() => seen.push(pill.dataset.state)).observe(pill, { attributes: true });
  return seen;
}"""


def open_pages(context: BrowserContext, url: str) -> list[Page]:
    """One tab for each page; they share one stream."""
    tabs = [context.new_page() for _ in PAGES]
    for tab, path in zip(tabs, PAGES, strict=True):
        tab.goto(url + path, wait_until="load")
    for tab in tabs:
        expect(tab.locator("#pill")).to_contain_text(LIVE)
    return tabs


def frozen(tabs: list[Page], freeze: Callable[[], None], thaw: Callable[[], None]) -> float:
    """Freeze a part until every page says so, and thaw it; returns the seconds until they did."""
    began = time.monotonic()
    freeze()
    try:
        for tab in tabs:
            expect(tab.locator("#pill")).not_to_contain_text(LIVE, timeout=3 * LIMIT * 1000)
        took = time.monotonic() - began
        for tab in tabs:
            expect(tab.locator("#pill")).to_contain_text("Stale since", timeout=2 * LIMIT * 1000)
            expect(tab.locator("#stale")).to_be_visible()
    finally:
        thaw()
    for tab in tabs:
        expect(tab.locator("#pill")).to_contain_text(LIVE, timeout=RECOVERED)
        expect(tab.locator("#stale")).to_be_hidden()
    return took


def signals(pid: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """Functions that suspend and resume a process."""
    return (lambda: os.kill(pid, signal.SIGSTOP)), (lambda: os.kill(pid, signal.SIGCONT))


@pytest.mark.embedded
@pytest.mark.alone
def test_frozen_server_engine_or_network_is_said_on_every_page(
    tmp_path: Path, context: BrowserContext
) -> None:
    with Process(tmp_path / "data") as app, FreezingProxy(app.port) as proxy:
        tabs = open_pages(context, proxy.url)
        engine = json.loads((app.data_dir / "engine.json").read_text())["pid"]
        took = {
            "server": frozen(tabs, *signals(app.pid)),
            "engine": frozen(tabs, *signals(engine)),
            "network": frozen(tabs, proxy.freeze, proxy.thaw),
        }
    print(f"\nseconds until every page said so: {took}")
    assert max(took.values()) < LIMIT


@pytest.mark.embedded
@pytest.mark.alone
def test_frozen_worker_or_store_of_a_split_deployment_is_said_on_every_page(
    tmp_path: Path, context: BrowserContext
) -> None:
    with (
        Engine(EMBEDDED, tmp_path / "engine") as engine,
        SplitDeployment(tmp_path, engine, workers=1) as split,
    ):
        tabs = open_pages(context, split.web.url)
        took = {
            "worker": frozen(tabs, *signals(split.workers[0].pid)),
            "store": frozen(tabs, engine.pause, engine.resume),
        }
        expect(tabs[3].locator("#verdict").get_by_role("status")).to_contain_text("All is well")
    print(f"\nseconds until every page said so: {took}")
    assert max(took.values()) < LIMIT


@pytest.mark.embedded
def test_store_that_answers_in_1_5_s_is_lag_and_not_an_outage(tmp_path: Path, page: Page) -> None:
    with (
        Engine(EMBEDDED, tmp_path / "engine") as engine,
        FreezingProxy(engine.address.port) as slow,
        Process(tmp_path / "data", environment={"STOCKPULSE_DYNAMODB": slow.url}) as app,
    ):
        page.goto(f"{app.url}/", wait_until="load")
        expect(page.locator("#pill")).to_contain_text(LIVE)
        slow.delay = 1.5
        expect(page.locator("#pill")).to_contain_text(re.compile(r"lag (1\.[5-9]|[2-4]\.\d) s"))
        states = page.locator("#pill").evaluate_handle(STATES_SEEN)
        page.wait_for_timeout(8_000)
        assert set(states.json_value()) == {"live"}


def test_system_page_and_pill_say_the_same(tmp_path: Path, page: Page) -> None:
    with Process(tmp_path / "data") as app:
        page.goto(f"{app.url}/system", wait_until="load")
        headline = page.locator("#verdict").get_by_role("status")
        expect(page.locator("#pill")).to_contain_text(LIVE)
        expect(headline).to_contain_text("All is well")
        freeze, thaw = signals(json.loads((app.data_dir / "engine.json").read_text())["pid"])
        freeze()
        try:
            expect(headline).to_contain_text("Stockpulse is not working.", timeout=20_000)
            expect(page.locator("#pill")).to_contain_text("Stale since")
            expect(page.locator("#stale")).to_contain_text("engine does not answer")
        finally:
            thaw()
        expect(page.locator("#pill")).to_contain_text(LIVE, timeout=RECOVERED)
        expect(headline).to_contain_text("All is well", timeout=RECOVERED)


def test_page_behind_a_failing_proxy_offers_a_retry_and_says_what_it_caught_up(
    tmp_path: Path, page: Page
) -> None:
    with Process(tmp_path / "data") as app, FreezingProxy(app.port) as proxy:
        page.goto(f"{proxy.url}/", wait_until="load")
        expect(page.locator("#pill")).to_contain_text(LIVE)
        proxy.refuse()
        retry = page.get_by_role("button", name="Retry")
        expect(retry).to_be_visible()
        expect(page.locator("#pill")).to_contain_text(
            re.compile(r"(Reconnecting in|retry in) \d+ s")
        )
        for number in range(3):
            product = {"product_id": f"P{number}", "name": "Kettle", "stock": 1}
            plain.post(f"{app.url}/v1/products", json=product).raise_for_status()
        proxy.admit()
        retry.click()
        expect(page.locator("#pill")).to_contain_text("caught up 3, 0 missed", timeout=RECOVERED)
        expect(retry).to_be_hidden()
        expect(page.locator("#feed li[data-id]")).to_have_count(3)


def test_page_that_slept_is_not_live_before_it_has_heard_from_the_server(
    tmp_path: Path, page: Page
) -> None:
    with Process(tmp_path / "data") as app:
        page.clock.install()
        page.goto(f"{app.url}/products", wait_until="load")
        expect(page.locator("#pill")).to_contain_text(LIVE)
        freeze, thaw = signals(app.pid)
        freeze()
        try:
            page.clock.fast_forward("01:00:00")  # the timers jump, as after sleep
            expect(page.locator("#pill")).to_contain_text("Stale since")
        finally:
            thaw()
        expect(page.locator("#pill")).to_contain_text(LIVE, timeout=RECOVERED)
