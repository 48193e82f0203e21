"""What a process does with the imports that an earlier one has left."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.web.imports import import_job
from app.web.imports.import_errors import ImportNotFound
from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import Import, ImportRow, Options
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


def test_a_process_that_starts_during_an_upload_leaves_it_alone(
    shared: App, tmp_path: Path
) -> None:
    store = shared.services.store
    with Imports(tmp_path, store, "any") as imports:
        upload = imports.receive()
        upload.write(b"sku,name\nUP1,Cup\n")
        with Imports(tmp_path, store, "any") as other:
            assert other.all() == []
        job = imports.made(upload, "a.csv", "anna", Options())
        with Imports(tmp_path, store, "any") as other:  # it is not read yet
            assert other.all() == []
        imports.admit(job)
        until(lambda: [one.state for one in imports.all()] == ["ready"])
        abandoned = imports.receive()
        abandoned.discard()
        assert [path.name for path in (tmp_path / "imports").iterdir()] == [job.folder.name]
    with Imports(tmp_path, store, "any") as other:
        assert [one.state for one in other.all()] == ["ready"]


def test_an_import_that_is_deleted_while_others_are_listed_is_left_out(
    shared: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        interrupted(tmp_path / "imports" / f"{number}", f"DL{number}")
    with Imports(tmp_path, shared.services.store, "any") as imports:
        until(lambda: {one.state for one in imports.all()} == {"done"})
        real, held = ImportJob.snapshot, imports.job("2")

        def slow(job: ImportJob) -> Import:
            """Somebody deletes the second one while the first one is read."""
            if job is not held:
                imports.drop("2")
            return real(job)

        with monkeypatch.context() as patched:
            patched.setattr(ImportJob, "snapshot", slow)
            assert [one.id for one in imports.all()] == ["1"]
        with pytest.raises(ImportNotFound):
            held.table.rows("all", 0, 1)
