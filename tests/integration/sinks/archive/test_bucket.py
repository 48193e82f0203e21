"""An archive in a bucket: the same files, in parts, and what the service answers in words."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset
import pyarrow.fs
import pytest

from tests.integration.sinks.archive.kit import Log, files, rows, windows
from tests.support.builders import an_event
from tests.support.processes.ministack import PYTHON, MiniStack, ministack
from tests.support.waiting import until
from worker.consumers.files.windows import WINDOW_MS
from worker.consumers.sink import Unavailable
from worker.sinks.archive.bucket import Bucket
from worker.sinks.archive.directory import Directory


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """S3 with two buckets."""
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path_factory.mktemp("ministack")) as running:
        for bucket in ("archive", "other"):
            running.client("s3").create_bucket(Bucket=bucket)
        yield running


def test_the_bucket_has_the_same_files_as_a_directory(
    log: Log, tmp_path: Path, stack: MiniStack
) -> None:
    log.sales(12, every=60_000)
    bucket = Bucket("archive", "shop/changes", stack.url)
    log.archived(log.archive(bucket))
    log.shop.control.rewind("archive", "beginning", "test")
    log.archived(log.archive(Directory(tmp_path / "archive")))
    assert windows(files(bucket)) == [0, 1, 2]
    assert files(bucket) == files(Directory(tmp_path / "archive"))
    assert rows(bucket) == rows(Directory(tmp_path / "archive"))
    archive = log.archive(bucket)
    assert [one for one in archive.check(archive.sink(), None) if one] == []
    assert "can be written" in archive.test()


def test_duckdb_reads_the_bucket(log: Log, stack: MiniStack) -> None:
    log.sales(10)
    log.archived(log.archive(Bucket("archive", "duck", stack.url)))
    s3 = pyarrow.fs.S3FileSystem(
        access_key="stockpulse",
        secret_key="stockpulse",
        endpoint_override=stack.url.removeprefix("http://"),
        scheme="http",
    )
    events = pyarrow.dataset.dataset(
        "archive/duck/", filesystem=s3, partitioning="hive", exclude_invalid_files=True
    )
    found = duckdb.sql(
        "SELECT count(*), sum(delta::DECIMAL(38, 9)), min(after->>'$.Category.S') FROM events"
    ).fetchall()
    assert found == [(10, -30, "Kitchen")]
    assert isinstance(events, pyarrow.dataset.Dataset)


def test_a_large_file_is_uploaded_in_parts_and_never_replaced(
    tmp_path: Path, stack: MiniStack
) -> None:
    bucket = Bucket("other", "", stack.url, part=1000)
    spool = tmp_path / "spool"
    spool.write_bytes(os.urandom(3500))
    assert bucket.put("day=2026-11-28/hour=00/a.parquet", spool)
    other = tmp_path / "other"
    other.write_bytes(b"o" * 2500)
    assert not bucket.put("day=2026-11-28/hour=00/a.parquet", other)
    other.write_bytes(b"small")
    assert not bucket.put("day=2026-11-28/hour=00/a.parquet", other)
    with bucket.open("day=2026-11-28/hour=00/a.parquet") as file:
        assert file is not None
        file.seek(-500, os.SEEK_END)
        assert file.read() == spool.read_bytes()[-500:]
    assert stack.client("s3").list_multipart_uploads(Bucket="other").get("Uploads", []) == []
    with bucket.open("absent") as file:
        assert file is None


def test_a_missing_bucket_is_named_and_loses_nothing(log: Log, stack: MiniStack) -> None:
    log.sales(3)
    archive = log.archive(Bucket("none", "x", stack.url))
    with log.archiving(archive):
        until(lambda: "There is no bucket none" in log.shop.row("archive").health.error)
        until(lambda: log.shop.row("archive").health.lag_events == 4, 20)
        stack.client("s3").create_bucket(Bucket="none")
        log.wait()
        until(lambda: log.shop.row("archive").health.error == "", 20)
    assert len(rows(Bucket("none", "x", stack.url))) == 3


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (403, "ExpiredToken", "refuses the credentials (ExpiredToken)"),
        (503, "SlowDown", "answered SlowDown"),
        (500, "InternalError", "answered InternalError"),
    ],
)
def test_what_the_service_answers_is_said_in_words(
    stack: MiniStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    says: str,
) -> None:
    from botocore.exceptions import ClientError

    class Refusing:
        def put_object(self, **_: Any) -> None:
            headers = {"retry-after": "7"}
            metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers}
            raise ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "PutObject")  # type: ignore[typeddict-item]

    bucket = Bucket("archive", "", stack.url)
    monkeypatch.setattr(bucket, "_made", Refusing())
    (tmp_path / "spool").write_bytes(b"x")
    with pytest.raises(Unavailable) as caught:
        bucket.put("name", tmp_path / "spool")
    assert says in str(caught.value)
    assert caught.value.retry_after == 7


def test_an_endpoint_that_is_down_is_said_in_words(tmp_path: Path) -> None:
    bucket = Bucket("archive", "", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="does not answer"):
        list(bucket.names())


def test_a_service_that_replaces_files_is_refused(log: Log, stack: MiniStack) -> None:
    bucket = Bucket("other", "replacing", stack.url)
    put = bucket.put

    def replacing(name: str, spool: Path) -> bool:
        stack.client("s3").delete_object(Bucket="other", Key=f"replacing/{name}")
        return put(name, spool)

    bucket.put = replacing  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="ignores If-None-Match"):
        log.archive(bucket).test()


def test_a_window_late_by_its_stamp_goes_into_a_further_file(log: Log, tmp_path: Path) -> None:
    """Nothing that arrives after its five minutes were archived is lost, whatever clocks do."""
    log.sales(2)
    place = Directory(tmp_path / "archive")
    log.archived(log.archive(place))
    log.write(100_000, an_event(77, product_id="P7"))
    log.archived(log.archive(place))
    assert windows(files(place)) == [0, 0]
    assert [row["product_id"] for row in rows(place)] == ["P0", "P1", "P7"]
    archive = log.archive(place)
    assert [one for one in archive.check(replace(archive.sink()), None) if one] == []
    assert WINDOW_MS > 100_000
