"""Exports are few, belong to their account, say how far they are, and leave nothing behind."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.web.errors import ExportNotFound, ExportNotReady, TooManyExports, TooManyOfYourExports
from app.web.exports import export_build, spreadsheet
from app.web.exports.export_build import Order
from app.web.exports.export_file import Dialect, Format
from app.web.exports.export_jobs import IN_ALL, OF_ACCOUNT, Exports
from app.web.exports.export_rows import RowFormat
from tests.support.waiting import until

ROWS: RowFormat[str] = RowFormat("letters", ("letter",), lambda row: [row], lambda row: {"l": row})
Pages = Callable[[], Iterator[Sequence[str]]]


class Desk:
    """Exports at a time that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "exports"
        self.now = datetime(2026, 11, 28, 9, tzinfo=UTC)
        self.exports = Exports(folder, lambda: self.now)

    def add(
        self,
        account: str = "anna",
        pages: Pages = lambda: iter([["a", "b"], ["c"]]),
        form: Format = "csv",
    ) -> str:
        order = Order(ROWS, form, Dialect(), 3, pages)
        return self.exports.add(account, order).id

    def ready(self, export_id: str, account: str = "anna") -> Any:
        return until(
            lambda: (
                self.found(export_id, account).state == "ready" and self.found(export_id, account)
            )
        )

    def found(self, export_id: str, account: str = "anna") -> Any:
        return self.exports.get(account, export_id)

    def folders(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()] if self.folder.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    with opened.exports:
        yield opened


class Gate:
    """Pages that wait to be let through."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def pages(self) -> Iterator[list[str]]:
        yield ["a"]
        yield ["b"]
        self._open.wait(20)
        yield ["c"]

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


def test_file_has_all_pages(desk: Desk) -> None:
    export = desk.ready(desk.add())
    assert (export.done, export.total) == (3, 3)
    assert export.filename == "letters-2026-11-28.csv"
    path = desk.exports.file("anna", export.id)
    assert path.read_bytes() == b"letter\r\na\r\nb\r\nc\r\n"
    assert export.size == path.stat().st_size


def test_progress_grows_with_the_pages(desk: Desk, gate: Gate) -> None:
    export_id = desk.add(pages=gate.pages)
    until(lambda: desk.found(export_id).done == 2)
    assert desk.found(export_id).state == "running"
    with pytest.raises(ExportNotReady, match="2 of 3 rows"):
        desk.exports.file("anna", export_id)
    gate.open()
    desk.ready(export_id)


def test_other_accounts_do_not_see_it(desk: Desk) -> None:
    export_id = desk.add("anna")
    assert desk.exports.of("bert") == []
    for act in (desk.exports.get, desk.exports.file, desk.exports.drop):
        with pytest.raises(ExportNotFound):
            act("bert", export_id)
    assert [export.id for export in desk.exports.of("anna")] == [export_id]


def test_an_account_has_few_at_a_time(desk: Desk) -> None:
    first, *_ = [desk.add("anna") for _ in range(OF_ACCOUNT)]
    with pytest.raises(TooManyOfYourExports):
        desk.add("anna")
    desk.add("bert")
    desk.exports.drop("anna", first)
    desk.add("anna")


def test_the_process_has_few_at_a_time(desk: Desk) -> None:
    for number in range(IN_ALL):
        desk.add(f"account {number}")
    with pytest.raises(TooManyExports):
        desk.add("one more")


def test_downloads_are_limited_while_they_last(desk: Desk) -> None:
    with ExitStack() as held:
        for _ in range(OF_ACCOUNT):
            held.enter_context(desk.exports.downloading("anna"))
        with pytest.raises(TooManyOfYourExports), desk.exports.downloading("anna"):
            pass
        with desk.exports.downloading("bert"):
            pass
    with desk.exports.downloading("anna"):
        pass


def test_deleted_after_an_hour(desk: Desk) -> None:
    export_id = desk.add()
    desk.ready(export_id)
    desk.now += timedelta(minutes=59)
    assert desk.found(export_id)
    desk.now += timedelta(minutes=1)
    with pytest.raises(ExportNotFound):
        desk.found(export_id)
    assert desk.folders() == []


def test_deleted_a_minute_after_its_download(desk: Desk) -> None:
    export_id = desk.add()
    desk.ready(export_id)
    desk.exports.file("anna", export_id)
    desk.now += timedelta(seconds=59)
    assert desk.exports.file("anna", export_id).exists()
    desk.now += timedelta(seconds=61)
    with pytest.raises(ExportNotFound):
        desk.found(export_id)
    assert desk.folders() == []


def test_one_that_is_deleted_while_it_is_built_ends_and_leaves_nothing(desk: Desk) -> None:
    export_id, following = desk.add(pages=lambda: repeat(["a"])), desk.add()
    until(lambda: desk.found(export_id).done > 2)
    desk.exports.drop("anna", export_id)
    desk.ready(following)
    assert desk.folders() == [following]


def test_files_of_an_earlier_process_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "exports" / "old").mkdir(parents=True)
    desk = Desk(tmp_path)
    with desk.exports:
        assert desk.folders() == []
        desk.ready(desk.add())
    assert desk.folders() == []


def failed(desk: Desk, export_id: str) -> str:
    until(lambda: desk.found(export_id).state == "failed")
    trouble: str = desk.found(export_id).trouble
    with pytest.raises(ExportNotReady, match=r"written|read|wrong"):
        desk.exports.file("anna", export_id)
    assert desk.folders() == []
    return trouble


def test_rows_that_cannot_be_read_end_it_with_the_reason(desk: Desk) -> None:
    def pages() -> Iterator[list[str]]:
        yield ["a"]
        raise StoreUnavailable("The rows cannot be read now.")

    assert failed(desk, desk.add(pages=pages)) == "The rows cannot be read now."
    desk.ready(desk.add())


def test_unexpected_error_ends_only_that_export(desk: Desk) -> None:
    def pages() -> Iterator[list[str]]:
        yield ["a"]
        raise ValueError("a bug")

    assert "a bug" not in failed(desk, desk.add(pages=pages))
    desk.ready(desk.add())


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_file_that_grows_too_large_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    monkeypatch.setattr(export_build, "MOST_BYTES", 10_000)
    pages = ([["x" * 1000] * 20] * 20).__iter__
    assert "GiB" in failed(desk, desk.add(pages=pages, form=form))


def test_disk_that_is_almost_full_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_build, "FREE_BYTES", 1 << 60)
    assert "disk" in failed(desk, desk.add())


def test_rows_that_appear_meanwhile_do_not_fit_into_a_spreadsheet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "MOST_ROWS", 2)
    assert "more than 2 rows" in failed(desk, desk.add(form="xlsx"))
    assert spreadsheet.MOST_ROWS == 1_048_575
