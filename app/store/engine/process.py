"""A process is our engine when its command line serves our file, never because of its number.

Numbers are used again after a crash or in a new container; a command line with our file's path,
run by our user, is not there by chance.
"""

import contextlib
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from app.store.engine.address import Address

log = logging.getLogger(__name__)

LOG_LIMIT = 1024 * 1024  # bytes of engine.log that a start leaves standing
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL; the engine needs milliseconds
_PAUSE = 0.01
_PROC = Path("/proc")


class EngineProcess:
    """One engine process on `file`: a child of ours, or an orphan of an owner before us."""

    def __init__(
        self, file: Path, address: Address, pid: int, child: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.file, self.address, self.pid = file, address, pid
        self._child = child

    @classmethod
    def start(cls, binary: Path, file: Path, address: Address, log_file: Path) -> Self:
        """Start an engine; it may not answer yet.

        Raises:
            OSError: the binary cannot be run or the log cannot be written.

        """
        with _opened(log_file) as output:
            child = subprocess.Popen(  # noqa: S603 - our own binary, no shell
                [binary, *arguments(file, address)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=file.parent,
                umask=0o077,
                # Ctrl-C reaches every process of a terminal's group; the engine ends after its
                # owner's last write, not at the same moment.
                start_new_session=True,
            )
        return cls(file, address, child.pid, child)

    def alive(self) -> bool:
        """Whether this very process still runs."""
        if self._child is not None:
            return self._child.poll() is None
        return find(self.file, _commands(self.pid)) == [(self.pid, self.address)]

    def cpu_seconds(self) -> float | None:
        """Processor time used so far; None where the system does not tell."""
        try:
            status = (_PROC / str(self.pid) / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        user, system = status.rpartition(")")[2].split()[
            11:13
        ]  # after the name: proc(5), 14 and 15
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def end(self, grace: float = _GRACE) -> None:
        """End the process: asked first, killed when it does not within `grace`."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _GRACE)):
            self._send(number)
            self._send(signal.SIGCONT)  # a stopped process hears no SIGTERM
            if self._gone(patience):
                return
        log.error("the engine's process %d does not end, not even when killed", self.pid)

    def _send(self, number: signal.Signals) -> None:
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _gone(self, within: float) -> bool:
        until = time.monotonic() + within
        while self.alive():
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        return True


def arguments(file: Path, address: Address) -> list[str]:
    """What an engine on `file` is started with."""
    where = ["--host", address.host, "-p", str(address.port)]
    return ["serve", *where, "--db-path", str(file)]


def running(file: Path) -> list[EngineProcess]:
    """Every engine of this user that serves `file`."""
    return [EngineProcess(file, address, pid) for pid, address in find(file, _commands())]


def is_engine(pid: int, file: Path) -> bool:
    """Whether process `pid` is an engine that serves `file`."""
    return bool(find(file, _commands(pid)))


def find(file: Path, commands: Iterable[tuple[int, str]]) -> list[tuple[int, Address]]:
    """The (pid, address) of each command line that serves `file`."""
    ours = re.compile(
        r"\S.* serve --host (127(?:\.\d{1,3}){3}) -p (\d{1,5}) --db-path " + re.escape(str(file)),
        re.DOTALL,
    )
    found = ((pid, ours.fullmatch(command)) for pid, command in commands)
    return [(pid, Address(match[1], int(match[2]))) for pid, match in found if match]


def _commands(pid: int | None = None) -> Iterator[tuple[int, str]]:
    """(pid, command line) of this user's processes, or of one."""
    if not (_PROC / "self" / "cmdline").exists():
        yield from _commands_of_ps()
        return
    for folder in [_PROC / str(pid)] if pid else _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if folder.stat().st_uid == os.geteuid():
                command = (folder / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
                yield int(folder.name), os.fsdecode(command)


def _commands_of_ps() -> Iterator[tuple[int, str]]:
    """The same where there is no /proc (macOS)."""
    command = ["ps", "-ww", "-U", str(os.geteuid()), "-o", "pid=", "-o", "command="]
    listing = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603
    for line in os.fsdecode(listing.stdout).splitlines():
        number, _, rest = line.strip().partition(" ")
        yield int(number), rest.strip()


@contextlib.contextmanager
def _opened(log_file: Path) -> Iterator[int]:
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size > LOG_LIMIT:
            os.ftruncate(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)
