"""An engine that cannot start is a one-line error, and the folder is released."""

from pathlib import Path

import pytest

from app.store.engine import (
    EmbeddedEngine,
    EngineFailed,
    EngineMissing,
    process,
)
from tests.integration.engine.kit import create_table, sql


def running(data_dir: Path) -> list[int]:
    return [engine.pid for engine in process.running(data_dir / "engine.db")]


def test_a_file_that_is_not_a_database_is_a_one_line_error_and_left_unchanged(
    data_dir: Path,
) -> None:
    data_dir.mkdir()
    file = data_dir / "engine.db"
    file.write_bytes(b"not a database" * 1000)
    with pytest.raises(EngineFailed, match="move the file away to start empty") as failure:
        EmbeddedEngine(data_dir).__enter__()
    assert str(file) in str(failure.value)
    assert "\n" not in str(failure.value)
    assert file.read_bytes() == b"not a database" * 1000
    file.unlink()
    with EmbeddedEngine(data_dir):  # the failed start released the folder
        pass


def test_a_failed_start_reports_the_engine_s_own_error(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir) as engine:
        create_table(engine.url)
    file = data_dir / "engine.db"
    ((root,),) = sql(file, "SELECT rootpage FROM sqlite_master WHERE name = '_config'")
    with file.open("r+b") as pages:
        pages.seek((root - 1) * 4096)
        pages.write(b"\xff" * 4096)
    with pytest.raises(EngineFailed, match=r"failed to start: error: .*engine\.log"):
        EmbeddedEngine(data_dir).__enter__()
    assert running(data_dir) == []


def test_a_folder_that_cannot_be_created_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineFailed, match="STOCKPULSE_DATA_DIR") as failure:
        EmbeddedEngine(tmp_path / "file" / "data").__enter__()
    assert "\n" not in str(failure.value)


def test_a_missing_given_binary_is_an_error(data_dir: Path) -> None:
    with pytest.raises(EngineMissing, match="no embedded engine at"):
        EmbeddedEngine(data_dir, binary=data_dir / "none").__enter__()


def test_a_binary_that_cannot_run_is_an_error(data_dir: Path, tmp_path: Path) -> None:
    binary = tmp_path / "dynoxide"
    binary.write_bytes(b"\x7fELF of another machine")
    binary.chmod(0o755)
    with pytest.raises(EngineFailed, match="reinstall it"):
        EmbeddedEngine(data_dir, binary=binary).__enter__()


def test_a_log_over_a_megabyte_is_emptied_at_the_start(data_dir: Path) -> None:
    data_dir.mkdir()
    log = data_dir / "engine.log"
    log.write_bytes(b"x" * (1024 * 1024 + 1))
    with EmbeddedEngine(data_dir):
        assert 0 < log.stat().st_size < 1000


def test_there_is_no_url_before_the_start(data_dir: Path) -> None:
    engine = EmbeddedEngine(data_dir)
    assert not engine.healthy()
    with pytest.raises(RuntimeError):
        _ = engine.url
