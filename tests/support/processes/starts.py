"""A `stockpulse` command that cannot do what it should, and what it says."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes.process import ROOT, with_settings

SOON = 60.0  # seconds: all the starts of a file run at once, on perhaps two busy cores


@dataclass
class Start:
    """A `stockpulse` command under way, in a folder of its own and with no settings but these."""

    folder: Path
    child: subprocess.Popen[str]

    def errors(self, within: float = SOON) -> str:
        """What it says on stderr when it has ended as it should: soon, clean and with status 1."""
        try:
            output, errors = self.child.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            output, errors = self.end()
            pytest.fail(f"still runs after {within} s: {output}{errors}")
        assert self.child.returncode == 1, errors
        assert "Traceback" not in errors, errors
        assert not output
        assert left_behind(self.folder) == []
        return errors

    def end(self) -> tuple[str, str]:
        """End it, if it has not ended; all that it said and nobody has read yet."""
        if self.child.poll() is None:
            self.child.terminate()
        return ("", "") if self.child.stdout.closed else self.child.communicate(timeout=10)


def start(folder: Path, settings: Mapping[str, str], *command: str) -> Start:
    given = {"STOCKPULSE_PORT": "0", "STOCKPULSE_DATA_DIR": str(folder / "data")} | settings
    child = subprocess.Popen(
        [sys.executable, "-m", "app", *(command or ("serve",))],
        cwd=folder,
        env=with_settings({"PYTHONPATH": str(ROOT)} | given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Start(folder, child)


def assert_one_line(errors: str, *names: str) -> None:
    """One line, which names each of these."""
    assert errors.startswith("stockpulse: "), errors
    assert len(errors.splitlines()) == 1, errors
    for name in names:
        assert name in errors, errors


def left_behind(folder: Path) -> list[str]:
    """Command lines of processes that work in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile
            continue
        if str(folder) in command:
            found.append(command)
    return found
