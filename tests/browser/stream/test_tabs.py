"""The tabs of a browser share one stream: none misses, repeats or doubts a change."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.processes.running import App
from tests.support.replay.page_events import after_rendering, heard, record_streams
from tests.support.waiting import until

STREAM = re.compile(r"/v1/events\?")
PAGES = ("/", "/products", "/audit", "/system", "/products/history?id=P1")


@contextmanager
def busy(url: str, pause: float = 0.02) -> Iterator[None]:
    """A shop in which a product is sold all the time."""
    over = threading.Event()

    def sell() -> None:
        with Client(base_url=url, timeout=60) as http:
            while not over.wait(pause):
                http.post("/v1/products/P1/adjustments", json={"delta": -1, "reason": "sold"})

    seller = threading.Thread(target=sell)
    seller.start()
    try:
        yield
    finally:
        over.set()
        seller.join()


def open_tab(context: BrowserContext, url: str) -> Page:
    tab = context.new_page()
    tab.goto(url, wait_until="load", timeout=60_000)
    expect(tab.locator("#pill")).to_contain_text("Live", timeout=60_000)
    return tab


def assert_complete(tabs: Sequence[Page], http: httpx.Client) -> None:
    """Each tab received every change since it was rendered, once and in order."""
    last = created(http, "last")
    for tab in tabs:
        wait_for(tab, f"heard.events.at(-1) === '{last}'")
        assert heard(tab).events == after_rendering(tab, http)
        assert heard(tab).gaps == 0


def created(http: httpx.Client, product_id: str) -> str:
    """Create a product; returns the id of its event once the server's list has it."""
    body = {"product_id": product_id, "name": product_id, "stock": 100_000}
    assert http.post("/v1/products", json=body).status_code == 201
    wanted = {"product_id": product_id}
    found = until(lambda: http.get("/v1/events", params=wanted).json()["items"], seconds=60)
    return str(found[0]["id"])


def wait_for(tab: Page, condition: str) -> None:
    until(lambda: tab.evaluate(condition), seconds=60)


def wait_for_more(tab: Page, count: int) -> None:
    """Wait until a tab has received this many more changes."""
    wait_for(tab, f"heard.events.length > {len(heard(tab).events) + count}")


@pytest.fixture
def tabs_of(context: BrowserContext) -> BrowserContext:
    record_streams(context)
    return context


def test_tabs_that_are_opened_in_a_busy_shop_join_where_they_were_rendered(
    app: App, tabs_of: BrowserContext
) -> None:
    created(app.http, "P1")
    with busy(app.url):
        tabs = [open_tab(tabs_of, app.url + page) for page in PAGES]
        wait_for_more(tabs[-1], 20)
    assert_complete(tabs, app.http)
    assert [heard(tab).caught_up for tab in tabs] == [[]] * len(tabs)
    assert app.services.broker.subscribers == 1


def test_ten_tabs_miss_nothing_when_one_leader_after_the_other_closes(
    app: App, tabs_of: BrowserContext
) -> None:
    created(app.http, "P1")
    with busy(app.url):
        tabs = [open_tab(tabs_of, app.url + page) for page in PAGES * 2]
        for leader in tabs[:3]:
            leader.close()
            wait_for_more(tabs[-1], 1)
    assert_complete(tabs[3:], app.http)
    assert app.services.broker.subscribers == 1


def test_frozen_leader_is_replaced_and_misses_nothing_once_it_goes_on(
    app: App, tabs_of: BrowserContext
) -> None:
    created(app.http, "P1")
    leader, other = (open_tab(tabs_of, app.url + page) for page in ("/", "/products"))
    control = tabs_of.new_cdp_session(leader)
    with busy(app.url):
        control.send("Page.setWebLifecycleState", {"state": "frozen"})
        wait_for_more(other, 20)
        control.send("Page.setWebLifecycleState", {"state": "active"})
    assert_complete([leader, other], app.http)


def test_tabs_that_slept_for_an_hour_catch_up(app: App, tabs_of: BrowserContext) -> None:
    tabs_of.clock.install()
    created(app.http, "P1")
    tabs = [open_tab(tabs_of, app.url + page) for page in ("/", "/products")]
    with busy(app.url):
        for tab in tabs:
            tab.clock.fast_forward("01:00:00")
    assert_complete(tabs, app.http)


def test_tabs_say_what_they_caught_up_after_the_server_was_killed(
    tmp_path: Path, tabs_of: BrowserContext
) -> None:
    with Process(tmp_path / "data") as app, Client(base_url=app.url, timeout=60) as http:
        created(http, "before")
        tabs = [open_tab(tabs_of, app.url + page) for page in ("/", "/products")]
        app.kill()
        tabs_of.route(STREAM, lambda route: route.abort())
        app.start()
        for number in range(5):
            created(http, f"during-{number}")
        tabs_of.unroute(STREAM)
        for tab in tabs:
            wait_for(tab, "heard.caughtUp.length > 0")
        assert_complete(tabs, http)
        for tab in tabs:
            assert heard(tab).caught_up == [{"caughtUp": 5, "missed": 0}]
