"""A program in a process forked from one that has already imported the application.

Imports take most of a start's CPU time, and the tests start the application 200 times.
"""

import logging
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.support.paths import ROOT

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([__name__, "app.bootstrap.web", "app.commands.serve"])


class Forked:
    """`python -m MODULE ARGUMENTS` in a session of its own.

    Modules that read the environment at import (botocore: HOME) have read that of the test run.
    It has the parts of `subprocess.Popen` that the tests need. Its stdout and stderr are appended
    to the file `output`, or are returned by `communicate`.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path = ROOT,
        output: Path | None = None,
    ) -> None:
        self._own = None if output else Path(tempfile.mkdtemp())
        self._said = "", ""
        files = (output, output) if output else self._files
        for file in files:
            file.touch()
        self._process = FORKING.Process(
            target=_run, args=(module, arguments, dict(environment), folder, *files), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def _files(self) -> tuple[Path, Path]:
        assert self._own is not None
        return self._own / "stdout", self._own / "stderr"

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for the exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs.

        """
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end, and return all of its stdout and stderr.

        Raises:
            subprocess.TimeoutExpired: it still runs.

        """
        self.wait(timeout)
        if self._own is not None:
            self._said = self._files[0].read_text(), self._files[1].read_text()
            shutil.rmtree(self._own)
            self._own = None
        return self._said

    def terminate(self) -> None:
        """Send SIGTERM, unless it has exited."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has exited."""
        with suppress(ProcessLookupError):  # the fork server reaps it at once
            if self.poll() is None:
                os.kill(self.pid, number)


def ran(*command: str, environment: Mapping[str, str], within: float = 60) -> tuple[int, str, str]:
    """Run a `stockpulse` command to its end; its exit status, stdout and stderr."""
    child = Forked("app", *command, environment=environment)
    try:
        output, errors = child.communicate(within)
    finally:
        child.send_signal(signal.SIGKILL)
    return child.wait(0), output, errors


def _run(
    module: str,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    folder: Path,
    output: Path,
    errors: Path,
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, output), (2, errors)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - a descriptor, not a path
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, errors="backslashreplace", closefd=False
    )
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        logging.shutdown()  # a forked process runs no exit functions
        sys.stdout.flush()
