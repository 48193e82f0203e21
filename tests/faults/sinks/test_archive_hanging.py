"""An archive whose service hangs for half a minute, again and again, is exact in the end.

`make faults` runs this.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.settings import Settings
from tests.integration.sinks.archive.kit import Log, files, rows
from tests.support.http.freezing import FreezingProxy
from tests.support.processes.ministack import PYTHON, MiniStack, ministack
from tests.support.waiting import until
from worker.consumers.files.windows import WINDOW_MS
from worker.sinks.archive.bucket import Bucket


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[MiniStack]:
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path) as running:
        running.client("s3").create_bucket(Bucket="archive")
        yield running


def test_a_service_that_hangs(settings: Settings, stack: MiniStack) -> None:
    log = Log(settings)
    log.sales(40, every=WINDOW_MS // 2)
    own = Bucket("archive", "shop", stack.url)
    with FreezingProxy(int(stack.url.rpartition(":")[2])) as proxy:
        archive = log.archive(Bucket("archive", "shop", proxy.url))
        with log.archiving(archive):
            for least in (1, 4, 8):
                until(lambda count=least: len(files(own)) >= count, 60)
                proxy.freeze()
                until(lambda: "does not answer" in log.shop.row("archive").health.error, 60)
                began = time.monotonic()
                log.shop.put("P-live", least)  # other work goes on meanwhile
                until(lambda: log.shop.row("alerts").health.error == "")
                assert time.monotonic() - began < 5
                proxy.thaw()
            until(lambda: len(files(own)) == 21, 60)  # the new events make the last one due, too
    ids = [row["id"] for row in rows(own)]
    assert sorted(ids) == sorted(one.id for one in log.events)
    archive = log.archive(own)
    assert [one for one in archive.check(archive.sink(), None) if one] == []
    log.shop.close()
