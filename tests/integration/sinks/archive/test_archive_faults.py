"""Faults of the place delay files, and neither lose nor double an event."""

import errno
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.integration.sinks.archive.kit import Log, files, rows
from tests.support.http.freezing import FreezingProxy
from tests.support.processes.ministack import PYTHON, MiniStack, ministack
from tests.support.waiting import until
from worker.consumers.files.windows import WINDOW_MS
from worker.sinks.archive.bucket import Bucket
from worker.sinks.archive.directory import Directory


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """S3 with a bucket."""
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path_factory.mktemp("ministack")) as running:
        running.client("s3").create_bucket(Bucket="archive")
        yield running


def assert_exact(log: Log, place: Any) -> None:
    """Every event but the last is in the place, once."""
    ids = [row["id"] for row in rows(place)]
    assert sorted(ids) == sorted(one.id for one in log.events[:-1])
    archive = log.archive(place)
    assert [one for one in archive.check(archive.sink(), None) if one] == []


def test_a_full_disk(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.sales(8, every=WINDOW_MS)
    place, link, calls, full = Directory(tmp_path / "archive"), os.link, count(), [True]

    def failing(source: Any, target: Any) -> None:
        if next(calls) > 3 and full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        link(source, target)

    monkeypatch.setattr(os, "link", failing)
    with log.archiving(log.archive(place)):
        until(lambda: "Make room there" in log.shop.row("archive").health.error, 20)
        assert log.shop.row("archive").health.lag_events > 0
        full.clear()
        log.wait()
    assert_exact(log, place)
    assert list((tmp_path / "archive/_stockpulse/writing").iterdir()) == []


class Deaf:
    """A client of S3 that does not hear the answer to its first three writes of events."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        answer = self._client.put_object(**request)
        if "day=" in request["Key"] and self.lost < 3:
            self.lost += 1
            raise ReadTimeoutError(endpoint_url="http://s3")
        return answer


def test_answers_that_are_lost(log: Log, stack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object is there, and the archive does not know: it is refused, and goes on after it."""
    log.sales(6, every=WINDOW_MS)
    place, client = Bucket("archive", "lossy", stack.url), Deaf(stack.client("s3"))
    monkeypatch.setattr(place, "_made", client)
    with log.archiving(log.archive(place)):
        log.wait()
    assert client.lost == 3
    assert_exact(log, Bucket("archive", "lossy", stack.url))


def test_a_service_that_answers_502_for_a_while(log: Log, stack: MiniStack) -> None:
    log.sales(12, every=WINDOW_MS)
    with FreezingProxy(int(stack.url.rpartition(":")[2])) as proxy:
        place = Bucket("archive", "bad", proxy.url)
        proxy.refuse()
        with log.archiving(log.archive(place)) as sink:
            until(lambda: "is tried again" in log.shop.row("archive").health.error, 20)
            assert log.shop.row("archive").health.lag_seconds > 0
            proxy.admit()
            log.wait()
            assert sink.name == "archive"
    assert_exact(log, Bucket("archive", "bad", stack.url))
    assert len(files(Bucket("archive", "bad", stack.url))) == 12
