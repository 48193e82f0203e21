"""Ten tabs of a busy shop share one stream: none misses or repeats a change."""

from playwright.sync_api import BrowserContext

from tests.browser.stream.tabs import (
    PAGES,
    assert_complete,
    busy,
    created,
    open_tab,
    wait_for_more,
)
from tests.support.processes.running import App
from tests.support.replay.page_events import record_streams


def test_ten_tabs_miss_nothing_when_one_leader_after_the_other_closes(
    app: App, context: BrowserContext
) -> None:
    record_streams(context)
    created(app.http, "P1")
    with busy(app.url, 0.02):
        tabs = [open_tab(context, app.url + page) for page in PAGES * 2]
        for leader in tabs[:3]:
            leader.close()
            wait_for_more(tabs[-1], 1)
    assert_complete(tabs[3:], app.http)
    assert app.services.broker.subscribers == 1
