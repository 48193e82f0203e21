"""The tabs of a browser share one stream: none misses, repeats or doubts a change."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.stream.tabs import (
    PAGES,
    assert_complete,
    busy,
    created,
    open_tab,
    wait_for,
    wait_for_more,
)
from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.processes.running import App
from tests.support.replay.page_events import heard, record_streams

STREAM = re.compile(r"/v1/events\?")


@pytest.fixture
def tabs_of(context: BrowserContext) -> BrowserContext:
    record_streams(context)
    return context


def test_tabs_of_a_busy_shop_join_where_they_were_rendered_and_survive_their_leaders(
    app: App, tabs_of: BrowserContext
) -> None:
    """tests/faults/pages tries ten tabs."""
    created(app.http, "P1")
    with busy(app.url):
        tabs = [open_tab(tabs_of, app.url + page) for page in PAGES]
        wait_for_more(tabs[-1], 20)
        assert [heard(tab).caught_up for tab in tabs] == [[]] * len(tabs)
        for leader in tabs[:2]:
            leader.close()
            wait_for_more(tabs[-1], 1)
    assert_complete(tabs[2:], app.http)
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
