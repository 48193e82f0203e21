"""The two engines as processes that a test starts, pauses and kills.

Nothing restarts them: an engine that is down stays down until the test starts it.
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.store.engine import EmbeddedEngine, find_binary
from app.store.engine.address import Address
from app.store.engine.data_folder import DataFolder
from app.store.engine.health_probe import answers
from app.store.engine.process import arguments
from tests.support.paths import ROOT
from tests.support.processes.process import free_port

EMBEDDED, DYNAMODB_LOCAL = "embedded", "dynamodb-local"


@dataclass
class Engine:
    """One engine with its folder, always at the same address.

    DynamoDB Local keeps its tables in memory for speed, so it loses them when it is killed.
    """

    name: str
    folder: Path
    address: Address = field(default_factory=lambda: Address("127.0.0.1", free_port()))
    _child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.address.url

    def start(self) -> None:
        with (self.folder / "engine-output").open("ab") as output:
            self._child = subprocess.Popen(
                self._command(), cwd=self.folder, stdout=output, stderr=output
            )
        deadline = time.monotonic() + 60
        while not answers(self.address, 2):
            assert self._child.poll() is None, (self.folder / "engine-output").read_text()[-2000:]
            assert time.monotonic() < deadline, f"{self.name} does not answer"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it without a chance to clean up, as a power cut does."""
        self._send(signal.SIGKILL)
        assert self._child is not None
        self._child.wait(10)

    def pause(self) -> None:
        """Make it accept connections and answer nothing."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def _command(self) -> list[str]:
        if self.name == EMBEDDED:
            file = DataFolder.at(self.folder).file
            if not file.exists():
                with EmbeddedEngine(self.folder):
                    pass  # the owner prepares the database file
            return [str(find_binary()), *arguments(file, self.address)]
        script = str(ROOT / "scripts" / "dynamodb-local.sh")
        return [script, "run", "-inMemory", "-sharedDb", "-port", str(self.address.port)]

    def __enter__(self) -> "Engine":
        self.folder.mkdir(mode=0o700, parents=True)
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.kill()


def needed(name: str) -> None:
    """Skip the test where the engine cannot run; in CI, fail it."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if name == DYNAMODB_LOCAL and missing:
        message = f"DynamoDB Local needs {' and '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
