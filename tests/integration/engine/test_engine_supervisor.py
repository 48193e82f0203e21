"""A dead engine is restarted at once; a silent one only if it is not just busy."""

import os
import signal
import time
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, address, find_binary, find_running, process
from app.store.engine.data_folder import DataFolder
from app.store.engine.launcher import Launcher
from app.store.engine.supervisor import Supervisor, Timeouts
from tests.integration.engine.kit import call, create_table, put, stock
from tests.support.waiting import until

QUICK = Timeouts(interval=0.05, probe=0.4, misses=2, idle_silence=1.5)


def pid(data_dir: Path) -> int | None:
    found = find_running(data_dir)
    return found.pid if found else None


def is_replaced(before: int, launcher: Launcher) -> bool:
    now = [engine.pid for engine in process.running(launcher.folder.file)]
    return len(now) == 1 and now != [before]


@pytest.fixture
def launcher(data_dir: Path) -> Launcher:
    folder = DataFolder.at(data_dir)
    folder.make()
    return Launcher(folder, find_binary(), address.choose())


def test_a_killed_engine_is_restarted_at_the_same_address_with_its_data(data_dir: Path) -> None:
    with EmbeddedEngine(data_dir) as engine:
        create_table(engine.url)
        put(engine.url, 7)
        before = pid(data_dir)
        assert before is not None
        os.kill(before, signal.SIGKILL)
        until(lambda: pid(data_dir) not in {None, before}, 10)
        until(engine.healthy, 10)
        assert stock(engine.url) == 7
    assert find_running(data_dir) is None


def test_a_suspended_engine_is_unhealthy_within_5_s_and_not_replaced_if_it_resumes(
    data_dir: Path,
) -> None:
    with EmbeddedEngine(data_dir) as engine:
        before = pid(data_dir)
        assert before is not None
        os.kill(before, signal.SIGSTOP)
        begun = time.monotonic()
        until(lambda: not engine.healthy(), 5)
        assert time.monotonic() - begun > 1, "one missed probe is not enough"
        os.kill(before, signal.SIGCONT)
        until(engine.healthy, 10)
        assert pid(data_dir) == before


def test_an_engine_that_stays_silent_is_replaced(launcher: Launcher) -> None:
    first = launcher.start()
    with Supervisor(first, launcher.start, QUICK) as supervisor:
        os.kill(first.pid, signal.SIGSTOP)
        until(lambda: is_replaced(first.pid, launcher), 10)
        until(lambda: supervisor.healthy, 10)
        assert call(launcher.address.url, "ListTables") == {"TableNames": []}


def test_a_busy_engine_s_cpu_time_rises(launcher: Launcher) -> None:
    engine = launcher.start()
    try:
        before = engine.cpu_seconds()
        assert before is not None

        def uses_cpu() -> bool:
            call(launcher.address.url, "ListTables")
            return (engine.cpu_seconds() or 0.0) > before

        until(uses_cpu, 30)
    finally:
        engine.end()
    assert engine.cpu_seconds() is None


def test_an_adopted_engine_that_dies_is_replaced(launcher: Launcher) -> None:
    child = launcher.start()
    adopted = process.find(child.pid, launcher.folder.file)
    assert adopted is not None
    with Supervisor(adopted, launcher.start, QUICK) as supervisor:
        child.end()
        until(lambda: is_replaced(child.pid, launcher), 10)
        until(lambda: supervisor.healthy, 10)
        assert call(launcher.address.url, "ListTables") == {"TableNames": []}


def test_restarts_are_repeated_until_one_succeeds(launcher: Launcher) -> None:
    first = launcher.start()
    binary = launcher.binary
    broken = Launcher(launcher.folder, launcher.folder.path / "binary", launcher.address)
    with Supervisor(first, broken.start, QUICK) as supervisor:
        first.end()
        until(lambda: not supervisor.healthy, 10)
        broken.binary.symlink_to(binary)
        until(lambda: supervisor.healthy, 10)


def test_stopping_does_not_wait_for_a_hanging_restart(launcher: Launcher, tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    first = launcher.start()
    hanging = Launcher(launcher.folder, silent, launcher.address)
    with Supervisor(first, hanging.start, QUICK) as supervisor:
        first.end()
        until(lambda: not supervisor.healthy, 10)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
