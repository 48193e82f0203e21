"""A `stockpulse` command that must fail, and its error message."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.processes.forked import Forked
from tests.support.processes.process import with_settings

SOON = 60.0  # seconds: all commands of a test file run at once, perhaps on two busy cores


@dataclass
class Start:
    """A running `stockpulse` command, in a folder of its own and with only the given settings."""

    folder: Path
    child: "Forked | subprocess.Popen[str]"

    def errors(self, within: float = SOON) -> str:
        """Wait until it exits with status 1 and leaves nothing behind; returns its stderr."""
        try:
            output, errors = self.child.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            output, errors = self.end()
            pytest.fail(f"still running after {within} s: {output}{errors}")
        assert self.child.returncode == 1, errors
        assert "Traceback" not in errors, errors
        assert not output
        assert left_behind(self.folder) == []
        return errors

    def end(self) -> tuple[str, str]:
        """Terminate it if it still runs; returns its stdout and stderr."""
        self.child.terminate()
        return self.child.communicate(timeout=10)


def start(folder: Path, settings: Mapping[str, str], *command: str, forked: bool = True) -> Start:
    """Start a command; not `forked` for settings that modules read when they are imported."""
    given = {"STOCKPULSE_PORT": "0", "STOCKPULSE_DATA_DIR": str(folder / "data")} | settings
    command = command or ("serve",)
    if forked:
        return Start(
            folder, Forked("app", *command, environment=with_settings(given), folder=folder)
        )
    child = subprocess.Popen(
        [sys.executable, "-m", "app", *command],
        cwd=folder,
        env=with_settings({"PYTHONPATH": str(ROOT)} | given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Start(folder, child)


def assert_one_line(errors: str, *names: str) -> None:
    """Assert that stderr is one line that contains each of these names."""
    assert errors.startswith("stockpulse: "), errors
    assert len(errors.splitlines()) == 1, errors
    for name in names:
        assert name in errors, errors


def left_behind(folder: Path) -> list[str]:
    """Command lines of the processes that name the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has exited meanwhile
            continue
        if str(folder) in command:
            found.append(command)
    return found


def on(endpoint: str, folder: Path) -> dict[str, str]:
    """The settings of a start on an endpoint, with tables of its own."""
    return {"STOCKPULSE_DYNAMODB": endpoint, "STOCKPULSE_TABLE_PREFIX": f"{folder.name}-"}
