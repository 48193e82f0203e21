"""No change is lost, doubled or reordered in 20,000 while processes are killed again and again.

`make faults` runs this; each test prints its account.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import find_running
from tests.faults.client import Client
from tests.faults.writers import Account, Writers, account
from tests.support.processes.fault_points import PIPELINE_POINTS as POINTS
from tests.support.processes.process import Process

CHANGES = int(os.environ.get("FAULT_CHANGES", "20000"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "data", module="tests.faults.crashing", forked=False)
    yield process
    process.__exit__()


def start_first(app: Process, pause: float = 0.0) -> tuple[Writers, Client]:
    """Start the application, a client that sees the first event, and the writers."""
    app.start()
    client = Client(app.url)
    while not client.follower.last:
        time.sleep(0.05)
    engine = find_running(app.data_dir)
    assert engine is not None
    writers = Writers(engine.url, CHANGES, pause=pause)
    writers.start()
    return writers, client


def finish(name: str, writers: Writers, client: Client) -> Account:
    writers.join(600)
    client.wait_for(CHANGES, 300)
    client.end()
    found = account(writers, client.follower)
    print(f"\n{name}: {found}")
    assert found.is_exact(CHANGES)
    return found


def test_no_change_is_lost_when_the_application_is_killed_at_every_point(app: Process) -> None:
    chance = random.Random(11)
    kills = dict.fromkeys([*POINTS, "anywhere"], 0)
    # The first run is not killed at a fault point.
    plan = [*POINTS * 5, *["anywhere"] * 7]
    chance.shuffle(plan)
    writers, client = start_first(app, pause=0.03)
    time.sleep(0.5)
    app.kill()
    kills["anywhere"] += 1
    for point in plan:
        at_point = point in POINTS
        app.environment = (
            {"CRASH_AT": point, "CRASH_AFTER": str(chance.randint(0, 25))} if at_point else {}
        )
        app.start(ready=False)
        if at_point:
            assert app.wait_dead(60) == -signal.SIGKILL
        else:
            time.sleep(chance.uniform(0.5, 2.5))
            app.kill()
        kills[point] += 1
    app.environment = {}
    app.start()
    print(f"\nkills: {kills}")
    assert sum(kills.values()) >= 20
    assert min(kills[point] for point in POINTS) >= 3
    # Repeats on the wire are allowed: after a restart the ring holds 200 events, and a client that
    # lags further receives the events of the 10 s before its cursor again.
    finish("app killed", writers, client)


def test_no_change_is_lost_when_the_engine_is_killed(app: Process) -> None:
    writers, client = start_first(app)
    kills = 0
    while writers.running and kills < 8:
        time.sleep(0.7)
        pid = json.loads((app.data_dir / "engine.json").read_text())["pid"]
        try:
            os.kill(pid, signal.SIGKILL)
            kills += 1
        except (ProcessLookupError, TypeError):
            continue
        app.wait_ready()
    print(f"\nengine kills: {kills}")
    assert kills >= 3
    finish("engine killed", writers, client)


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root to be mounted")
def test_no_change_is_lost_when_the_disk_is_full(app: Process) -> None:
    """The data folder is a 96 MB tmpfs that a ballast file almost fills."""
    app.data_dir.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(app.data_dir)], check=True
    )
    try:
        writers, client = start_first(app)
        ballast = app.data_dir / "ballast"
        free = shutil.disk_usage(app.data_dir).free
        with ballast.open("wb") as file:
            file.write(b"\0" * max(0, free - 2_000_000))
        stalled = 0
        while stalled < 20 and writers.running:  # full once no write is acknowledged for 2 s
            before = writers.written
            time.sleep(0.1)
            stalled = stalled + 1 if writers.written == before else 0
        print(f"\ndisk full after {writers.written} changes")
        assert writers.running, "the disk never filled"
        ballast.unlink()
        finish("disk full", writers, client)
    finally:
        app.__exit__()
        subprocess.run(["umount", "-l", str(app.data_dir)], check=True)


def test_no_change_is_lost_when_the_clock_is_set_back_an_hour(app: Process, tmp_path: Path) -> None:
    """The clock changes while the application runs, and between a kill and a restart."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    app.environment = {"CLOCK_FILE": str(clock)}
    writers, client = start_first(app, pause=0.01)
    time.sleep(2)
    clock.write_text("-3600")
    time.sleep(2)
    app.kill()
    app.start()
    time.sleep(2)
    app.kill()
    clock.write_text("-7200")
    app.start()
    found = finish("clock set back", writers, client)
    assert client.follower.cursors == sorted(client.follower.cursors)
    assert found.client_repeats == 0
