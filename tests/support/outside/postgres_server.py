"""A real PostgreSQL server that a test starts, kills, hangs and fills."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from tests.support.processes.process import free_port
from tests.support.processes.servers import found, needed

# Debian keeps the programs of each version in a folder of their own.
_DEBIAN = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))
PROGRAM = _DEBIAN[-1] if _DEBIAN else found("initdb")
USER, PASSWORD = "stockpulse", "secret"
_AUTHENTICATION = ["--auth-local=trust", "--auth-host=scram-sha-256"]


@dataclass
class PostgresServer:
    """A server with one superuser; it can be started repeatedly, and keeps its data."""

    port: int = field(default_factory=free_port)
    folder: Path = field(init=False)
    _child: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute a statement as somebody else would; returns its rows."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",  # the machine does not lose its power
            "shared_buffers": "16MB",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [*_as_its_user(), self._program("postgres"), "-D", self._data, *settings],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 15
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.Error:
                assert self._child.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    def restart(self) -> None:
        """Stop it at once, and start it again."""
        self._signal(signal.SIGQUIT)
        self._wait()
        self.start()

    def kill(self) -> None:
        """Kill all of its processes, as a power cut does."""
        self._signal(signal.SIGKILL)
        self._wait()
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def hang(self) -> None:
        """Make it accept connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def own(self, file: Path) -> None:
        """Give the server a file: it does not run as root."""
        _own(file)

    def __enter__(self) -> "PostgresServer":
        new = _new_data(needed(PROGRAM, "postgres"))
        self.folder = _own_folder()
        subprocess.run([*_as_its_user(), "cp", "-a", new, self._data], check=True)
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _program(self, name: str) -> str:
        return str(Path(needed(PROGRAM, "postgres")).resolve().with_name(name))

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes: each of them is in a session of its own."""
        assert self._child is not None
        children = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children").read_text()
        if number == signal.SIGQUIT:
            children = ""
        for pid in (self._child.pid, *map(int, children.split())):
            os.kill(pid, number)

    def _wait(self) -> None:
        assert self._child is not None
        self._child.wait(10)


@cache
def _new_data(initdb: str) -> Path:
    """The data of a new server, made once a process: that takes seconds, and a copy of it does not.

    It is deleted at the end of the process.
    """
    folder = _own_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = folder / "password"
    password.write_text(PASSWORD)
    _own(password)
    who = ["-U", USER, f"--pwfile={password}", *_AUTHENTICATION]
    subprocess.run(
        [*_as_its_user(), initdb, "-D", folder / "new", "--no-sync", "--locale=C.UTF-8", *who],
        check=True,
        capture_output=True,
    )
    return folder / "new"


def _own_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stockpulse-postgres-"))
    _own(folder)
    return folder


def _own(file: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(file, "postgres")


def _as_its_user() -> list[str]:
    """The beginning of a command that runs as the server's user: it does not run as root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"]
