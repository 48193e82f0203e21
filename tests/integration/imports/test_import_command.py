"""`stockpulse import`, run alongside a server."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import Options
from app.web.imports.import_threads import MOST
from tests.integration.imports.importing import product
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.processes.running import App
from tests.support.waiting import until

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def imported(shared: App) -> Run:
    """Run the command; returns its exit status, stdout and stderr."""
    settings = shared.services.settings
    environment = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        return ran("import", *arguments, environment=with_settings(environment))

    return run


def test_a_file_is_compared_imported_and_taken_back(
    shared: App, imported: Run, tmp_path: Path
) -> None:
    shared.create("C1", stock=5)
    file = tmp_path / "stock.csv"
    file.write_text("sku;stock;price\nC1;6;1,5\nC2;;2,5\nC3;1;x\n")
    status, out, err = imported(str(file), "--dry-run")
    expected = "To create: 0; to change: 1; unchanged: 0; refused: 2. Nothing was written."
    assert (status, out.strip()) == (1, expected)
    assert "row 3 (C2): Name: is missing, and a new product needs it." in err
    assert product(shared, "C1")["stock"] == 5

    status, out, err = imported(str(file), "--column", "sku=product_id", "--column", "stock=stock")
    assert status == 1, err
    assert "Written: 1; unchanged: 0; refused: 2." in out
    assert (product(shared, "C1")["stock"], product(shared, "C1")["price"]) == (6, None)
    events = "/v1/products/C1/events"
    until(lambda: len(shared.http.get(events).json()["items"]) == 2)
    event = shared.http.get(events).json()["items"][0]["data"]
    import_id = out.split()[-1]
    assert event["actor"].startswith("cli:")
    assert event["reference"] == f"import {import_id}"

    status, out, err = imported("--undo", import_id)
    assert (status, out.strip()) == (0, "Undone: 1 rows; left as they are: 0."), err
    assert product(shared, "C1")["stock"] == 5


def test_the_oldest_imports_make_room_and_an_interrupted_undo_goes_on(
    shared: App, imported: Run, tmp_path: Path
) -> None:
    root = shared.services.settings.data_dir / "imports"
    for number in range(MOST):
        left(root / f"old{number:02}", state="done")
    file = tmp_path / "new.csv"
    file.write_text("sku,name\nROOM1,x\n")
    status, out, err = imported(str(file))
    assert status == 0, err
    import_id = out.split()[-1]
    assert not (root / "old00").exists()
    assert {folder.name for folder in root.glob("old*")} == {
        f"old{number:02}" for number in range(1, MOST)
    }

    job = ImportJob(root / import_id)
    job.begin("undoing", datetime.now(UTC), "cli:anna")  # and then it was killed
    job.close()
    status, out, err = imported("--undo", import_id)
    assert (status, out.strip()) == (0, "Undone: 1 rows; left as they are: 0."), err
    assert shared.http.get("/v1/products/ROOM1").status_code == 410


def left(folder: Path, **saved: str) -> None:
    """What an earlier import has left."""
    folder.mkdir(parents=True)
    job = ImportJob(folder)
    job.create("a.csv", "anna", datetime.now(UTC), Options())
    job.table.save(**saved)
    job.close()


def test_errors_are_one_line(imported: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert imported(str(empty))[::2] == (1, "stockpulse: The file is empty.\n")
    assert "cannot read" in imported(str(tmp_path / "none"))[2]
    assert "name a file" in imported()[2]
    assert "there is no import nothing" in imported("--undo", "nothing")[2]
    assert "write NAME=FIELD" in imported(str(empty), "--column", "x")[2]
