"""A replica has all 20,000 changes although the database and the application fail meanwhile."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.faults.engines import EMBEDDED, Engine
from tests.faults.split import CHANGES, THREADS, SplitDeployment, pause
from tests.faults.test_bad_sinks import DRAINED, WELL
from tests.faults.writers import Writers
from tests.support.outside.postgres_server import PostgresServer
from tests.support.paths import ROOT
from tests.support.processes.process import Process, with_settings
from tests.support.waiting import until
from worker.leasing.assignment import LEASE_TIME

COUNT = "SELECT count(*) FROM stockpulse_events"
PHASE = float(os.environ.get("FAULT_REPLICA_SECONDS", str(WELL)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The embedded engine alone: the database does not depend on it."""
    with Engine(EMBEDDED, tmp_path / "engine") as running:
        yield running


def replica(url: str) -> dict[str, str]:
    """The settings of an application with a replica."""
    return {"STOCKPULSE_REPLICA_URL": url}


def count(server: PostgresServer) -> int:
    """The number of events in the replica."""
    return int(server.execute(COUNT)[0][0])


def has_all(server: PostgresServer, changes: int) -> None:
    """Wait until the replica has all changes; each is there once, as it has a key."""
    until(lambda: count(server) >= changes, DRAINED)
    assert count(server) == changes


def checked(data_dir: Path, environment: dict[str, str]) -> str:
    """The output of `stockpulse sinks check replica`, which must find no difference."""
    found = subprocess.run(
        [sys.executable, "-m", "app", "sinks", "check", "replica"],
        cwd=ROOT,
        env=with_settings(environment | {"STOCKPULSE_DATA_DIR": str(data_dir)}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return found.stdout


def test_replica_is_equal_after_its_server_hangs_and_everything_is_killed(
    engine: Engine, tmp_path: Path
) -> None:
    chance = random.Random(11)
    with PostgresServer() as server:
        environment = {"STOCKPULSE_DYNAMODB": engine.url} | replica(server.url())
        with Process(tmp_path / "data", environment=environment, forked=False) as app:
            until(lambda: has_table(server))
            trial = ["well", "hang", "app", "database", "restart", "both", "well"]
            seconds = len(trial) * PHASE
            writers = Writers(engine.url, CHANGES, THREADS, pause=pause(seconds, CHANGES))
            writers.start()
            for fault in trial:
                time.sleep(PHASE * chance.uniform(0.2, 0.6))
                if fault in {"app", "both"}:
                    app.kill()
                if fault in {"database", "both"}:
                    server.kill()
                    time.sleep(PHASE / 4)
                    server.start()
                if fault == "restart":
                    server.restart()
                if fault == "hang":
                    server.hang()
                    time.sleep(PHASE / 2)
                    server.resume()
                if fault in {"app", "both"}:
                    app.start()
            writers.join(600)
            has_all(server, CHANGES)
            print(checked(app.data_dir, environment))


def has_table(server: PostgresServer) -> bool:
    """Whether the sink has made its tables."""
    return server.execute("SELECT to_regclass('stockpulse_events') IS NOT NULL")[0][0] is True


def test_workers_that_take_over_from_each_other_leave_one_equal_replica(
    engine: Engine, tmp_path: Path
) -> None:
    with PostgresServer() as server:
        environment = replica(server.url())
        with SplitDeployment(tmp_path, engine, worker_environment=environment) as split:
            until(lambda: has_table(server), 60)
            writers = split.write(3 * (LEASE_TIME + 6))
            for number in range(2):
                time.sleep(2)
                victim = split.deliverer("replica")
                assert victim is not None
                if number:  # it wakes up, and finds that its lease is another worker's
                    victim.pause()
                else:
                    victim.kill()
                split.wait_taken_from(victim, lambda: split.deliverer("replica"))
                if number:
                    victim.resume()
                else:
                    victim.start(ready=False)
            split.finish("the worker of the replica killed and paused", writers)
            has_all(server, CHANGES)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system that is soon full, for PostgreSQL's user, too; only root can mount one."""
    folder = Path(tempfile.mkdtemp(prefix="stockpulse-disk-"))
    folder.chmod(0o755)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "none", str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_full_disk_makes_the_sink_wait_and_loses_nothing(
    engine: Engine, tmp_path: Path, kind: str
) -> None:
    with small_disk("16m") as disk, PostgresServer() as server:
        url, ballast = f"sqlite:///{disk / 'replica.db'}", disk / "ballast"
        if kind == "postgresql":
            (disk / "tables").mkdir()
            server.own(disk / "tables")
            server.execute(f"CREATE TABLESPACE small LOCATION '{disk / 'tables'}'")
            server.execute("CREATE DATABASE shop TABLESPACE small")
            url = server.url("shop")
        environment = {"STOCKPULSE_DYNAMODB": engine.url} | replica(url)
        with Process(tmp_path / "data", environment=environment, forked=False) as app:
            until(lambda: "replica" in names(app))
            fill(ballast)
            writers = Writers(engine.url, 400, 4)
            writers.start()
            writers.join(60)
            until(lambda: "Free some space" in names(app)["replica"], 60)
            ballast.unlink()
            database = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

            def found() -> int:
                with database.connect() as connection:
                    return int(connection.execute(text(COUNT)).scalar_one())

            until(lambda: found() == 400, 60)
            database.dispose()
            print(checked(app.data_dir, environment))


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 4096)
        except OSError:
            return


def names(app: Process) -> dict[str, str]:
    """The last error of each sink that has begun, by its name."""

    answer = httpx.get(f"{app.url}/v1/sinks", timeout=30).raise_for_status().json()
    return {sink["name"]: str(sink["last_error"]) for sink in answer["items"] if sink["cursor"]}
