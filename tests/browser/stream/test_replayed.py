"""A flood of changes neither freezes the Live page nor fills its memory.

bench/page.py measures the same for longer.
"""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.support.processes.running import App
from tests.support.replay.page_events import heard, record_streams
from tests.support.replay.trial import Meter, replaying, sell_and_record
from tests.support.waiting import until


@pytest.mark.alone
def test_thousand_changes_a_second_leave_the_live_page_usable(
    app: App, context: BrowserContext, tmp_path: Path
) -> None:
    sell_and_record(app.http, tmp_path / "recorded")
    record_streams(context)
    page = context.new_page()
    meter = Meter(page)
    with replaying(app.url, tmp_path / "recorded") as replay:
        page.goto(replay.url + "/", wait_until="load", timeout=60_000)
        until(lambda: page.evaluate("heard.states.includes('live')"), seconds=60)
        with meter.measuring() as flooded:
            replay.begin(1000, 5)
            sent = replay.sent()
            until(lambda: page.evaluate("heard.events.length") == sent, seconds=60)
        assert sent >= 4900
        assert heard(page).gaps == 0
        assert page.evaluate("document.querySelectorAll('main *').length") < 500 * 30
        # CPU time, because frames and tasks depend on what else the machine does.
        assert flooded[0].cpu_s <= 2.5
