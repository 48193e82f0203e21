"""A data folder has one owner, which takes over a crashed owner's engine and ends it on exit."""

import json
import os
import shutil
import signal
import stat
import time
from pathlib import Path

import pytest

from app.store.engine import (
    DataFolderHeld,
    EmbeddedEngine,
    Endpoint,
    embedded,
    find_running,
    process,
)
from tests.integration.engine.kit import call, create_table, owner, put, sql, stock


def running(data_dir: Path) -> list[int]:
    return [engine.pid for engine in process.running(data_dir / "engine.db")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_uses_a_random_address_and_private_files(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir) as engine:
        assert engine.healthy()
        assert call(engine.url, "ListTables") == {"TableNames": []}
        assert engine.url.startswith("http://127.")
        assert not engine.url.startswith("http://127.0.0.1:")
        assert mode(data_dir) == 0o700
        assert {mode(path) for path in data_dir.iterdir()} == {0o600}
    assert not engine.healthy()


def test_endpoint_and_data_survive_a_restart(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir) as first:
        create_table(first.url)
        put(first.url, 7)
    with EmbeddedEngine(data_dir) as second:
        assert second.url == first.url
        assert stock(second.url) == 7


def test_a_clean_exit_leaves_no_process_and_frees_the_folder(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir):
        assert len(running(data_dir)) == 1
    assert running(data_dir) == []
    assert find_running(data_dir) is None


def test_a_suspended_engine_also_ends_with_its_owner(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir):
        os.kill(running(data_dir)[0], signal.SIGSTOP)
    assert running(data_dir) == []


def test_ctrl_c_in_the_terminal_does_not_reach_the_engine(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir):
        (pid,) = running(data_dir)
        assert os.getsid(pid) == pid


def test_a_second_owner_is_refused_with_the_first_one_s_process_id(data_dir: Path) -> None:
    with owner(data_dir) as (first, url):
        with pytest.raises(DataFolderHeld) as refusal, EmbeddedEngine(data_dir):
            pass
        assert f"process {first.pid}" in str(refusal.value)
        assert "STOCKPULSE_DATA_DIR" in str(refusal.value)
        assert "\n" not in str(refusal.value)
        assert call(url, "ListTables") == {"TableNames": []}


def test_one_process_cannot_own_a_folder_twice(data_dir: Path) -> None:
    with (
        EmbeddedEngine(data_dir),
        pytest.raises(DataFolderHeld, match=str(os.getpid())),
        EmbeddedEngine(data_dir),
    ):
        pass


def test_another_command_finds_the_running_engine(data_dir: Path) -> None:
    assert find_running(data_dir) is None
    with owner(data_dir) as (_, url):
        (pid,) = running(data_dir)
        assert find_running(data_dir) == Endpoint(url, pid)


def test_a_reused_process_id_is_not_taken_for_the_engine(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir) as engine:
        record = {"url": engine.url, "pid": os.getpid()}
        (data_dir / "engine.json").write_text(json.dumps(record))
        assert find_running(data_dir) is None
    with EmbeddedEngine(data_dir):  # the start did not end that process
        assert len(running(data_dir)) == 1


def test_the_next_owner_takes_over_a_killed_owner_s_engine_at_once(data_dir: Path) -> None:
    with owner(data_dir) as (killed, url):
        create_table(url)
        put(url, 7)
        before = running(data_dir)
        killed.kill()
    assert running(data_dir) == before
    assert find_running(data_dir) is None, "nobody owns it"
    begun = time.monotonic()
    with EmbeddedEngine(data_dir) as engine:
        assert time.monotonic() - begun < 2
        assert (engine.url, running(data_dir)) == (url, before)
        assert find_running(data_dir) == Endpoint(url, before[0])
        assert stock(engine.url) == 7
    assert running(data_dir) == []


def test_no_data_is_lost_if_owner_and_engine_are_killed(data_dir: Path) -> None:
    with owner(data_dir) as (killed, url):
        create_table(url)
        put(url, 7)
        killed.kill()
        os.kill(running(data_dir)[0], signal.SIGKILL)
    with EmbeddedEngine(data_dir) as engine:
        assert engine.url == url
        assert stock(engine.url) == 7


def test_an_orphan_that_does_not_answer_is_replaced(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_ORPHAN_ANSWERS", 0.3)
    with owner(data_dir) as (killed, url):
        before = running(data_dir)
        killed.kill()
        os.kill(before[0], signal.SIGSTOP)
    with EmbeddedEngine(data_dir) as engine:
        assert engine.url == url
        assert call(engine.url, "ListTables") == {"TableNames": []}
        assert len(running(data_dir)) == 1
        assert running(data_dir) != before


def test_an_orphan_on_a_file_without_indexes_is_replaced(data_dir: Path) -> None:
    with owner(data_dir) as (killed, url):
        before = running(data_dir)
        killed.kill()
    sql(data_dir / "engine.db", "DROP INDEX stockpulse_newest")
    with EmbeddedEngine(data_dir) as engine:
        assert engine.url == url
        assert running(data_dir) != before
        assert len(sql(data_dir / "engine.db", "PRAGMA index_list(_stream_records)")) == 2


def test_an_orphan_is_found_without_the_record(data_dir: Path) -> None:
    with owner(data_dir) as (killed, url):
        before = running(data_dir)
        killed.kill()
    (data_dir / "engine.json").write_text("torn")
    with EmbeddedEngine(data_dir) as engine:
        assert (engine.url, running(data_dir)) == (url, before)


def test_the_engine_of_a_copied_folder_gets_its_own_address(
    data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedEngine(data_dir):
        pass
    copy = tmp_path / "copy"
    shutil.copytree(data_dir, copy)
    with EmbeddedEngine(data_dir) as original:
        with EmbeddedEngine(copy) as moved:
            assert moved.url != original.url
            assert f"the engine is at {moved.url} from now on" in caplog.text
            assert (len(running(data_dir)), len(running(copy))) == (1, 1)
        assert call(original.url, "ListTables") == {"TableNames": []}
