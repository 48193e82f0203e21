"""What a process does with the imports that an earlier one has left."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.web.imports import import_job
from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import ImportRow, Options
from app.web.imports.import_threads import Imports
from tests.support.processes.running import App
from tests.support.waiting import until


def interrupted(folder: Path, product_id: str) -> None:
    """An import that was killed before its only row was written."""
    folder.mkdir(parents=True)
    job = ImportJob(folder)
    job.create("a.csv", "anna", datetime.now(UTC), Options())
    document = {"product_id": product_id, "name": "x", "stock": "0"}
    job.table.add_rows([ImportRow(2, product_id, "create", document=document)])
    job.table.save(state="running")
    job.close()


def test_a_process_that_may_not_write_leaves_an_interrupted_import_for_one_that_may(
    shared: App, tmp_path: Path
) -> None:
    interrupted(tmp_path / "imports" / "1", "RO1")
    interrupted(tmp_path / "imports" / "2", "RO2")
    store = shared.services.store
    with Imports(tmp_path, store, "any", writes=False) as imports:
        assert imports._write() is None  # noqa: SLF001 - what its thread does
        assert {one.state for one in imports.all()} == {"running"}
    assert shared.http.get("/v1/products/RO1").status_code == 404
    with Imports(tmp_path, store, "any") as imports:
        until(lambda: {one.state for one in imports.all()} == {"done"})
    assert shared.http.get("/v1/products/RO1").status_code == 200


def test_an_import_that_cannot_be_opened_now_is_not_deleted(
    shared: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(tmp_path / "imports" / "1", "AD1")
    (tmp_path / "imports" / "2").mkdir()  # an upload that was interrupted

    def full(_: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    store = shared.services.store
    with monkeypatch.context() as patched:
        patched.setattr(import_job, "ImportTable", full)
        with Imports(tmp_path, store, "any") as imports:
            assert imports.all() == []
    with Imports(tmp_path, store, "any") as imports:
        until(lambda: [one.state for one in imports.all()] == ["done"])
        assert not (tmp_path / "imports" / "2").exists()
