"""A process is recognised as our engine by its command line and user, never by its id alone.

Process ids are reused after a crash or in a new container. A command line with the path of our
file, run by our user, is reliable. From then on psutil identifies the process by id and start
time, so no other process gets a signal.
"""

import contextlib
import logging
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil

from app.store.engine.address import Address, parse

log = logging.getLogger(__name__)

LOG_LIMIT = 1024 * 1024  # bytes; a larger engine.log is emptied at the next start
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL; the engine needs milliseconds


class EngineProcess:
    """One engine process: a child of this process, or one that an earlier owner started."""

    def __init__(self, address: Address, process: psutil.Process) -> None:
        self.address, self.pid = address, process.pid
        self._process = process

    @classmethod
    def start(cls, binary: Path, file: Path, address: Address, log_file: Path) -> Self:
        """Start an engine; it may not answer yet.

        Raises:
            OSError: the binary cannot be run or the log cannot be written.

        """
        with _opened(log_file) as output:
            child = psutil.Popen(
                [binary, *arguments(file, address)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=file.parent,
                umask=0o077,
                # Ctrl-C goes to every process of the terminal's group. The engine must end after
                # its owner's last write, not at the same time.
                start_new_session=True,
            )
        return cls(address, child)

    def alive(self) -> bool:
        """Whether this process still runs."""
        try:
            # A dead child is a zombie until `end` reaps it, and psutil counts zombies as running.
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def cpu_seconds(self) -> float | None:
        """CPU time used so far, in seconds; None if the system does not report it."""
        try:
            used = self._process.cpu_times()
        except psutil.Error:
            return None
        return used.user + used.system

    def end(self, grace: float = _GRACE) -> None:
        """End and reap the process: SIGTERM first, SIGKILL if it still runs after `grace`."""
        for signal, patience in ((self._process.terminate, grace), (self._process.kill, _GRACE)):
            try:
                signal()
                self._process.resume()  # a stopped process does not act on SIGTERM
                self._process.wait(patience)
            except psutil.TimeoutExpired:
                continue
            except psutil.NoSuchProcess:
                pass
            return
        log.error("the engine (process %d) still runs after SIGKILL", self.pid)


def arguments(file: Path, address: Address) -> list[str]:
    """The command-line arguments of an engine on `file`."""
    where = ["--host", address.host, "-p", str(address.port)]
    return ["serve", *where, "--db-path", str(file)]


def address_in(command: Sequence[str], file: Path) -> Address | None:
    """The address in the command line of an engine that serves `file`; None for any other."""
    match command:
        case [_, *_, "serve", "--host", host, "-p", port, "--db-path", path] if path == str(file):
            with contextlib.suppress(ValueError):
                return parse(f"http://{host}:{port}")
    return None


def find(pid: int, file: Path) -> EngineProcess | None:
    """Process `pid`, if it is an engine of this user that serves `file`."""
    try:
        process = psutil.Process(pid)
        if process.uids().effective != os.geteuid():
            return None
        address = address_in(process.cmdline(), file)
    except psutil.Error:  # it has ended, or its command line cannot be read
        return None
    return EngineProcess(address, process) if address else None


def running(file: Path) -> list[EngineProcess]:
    """Every engine of this user that serves `file`."""
    return [engine for pid in psutil.pids() if (engine := find(pid, file))]


@contextlib.contextmanager
def _opened(log_file: Path) -> Iterator[int]:
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size > LOG_LIMIT:
            os.ftruncate(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)
