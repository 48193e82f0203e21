"""`stockpulse demo` starts a server unless one is running; then it only writes."""

import re
import signal
from pathlib import Path

from app.config.settings import Settings
from tests.support.demo import NOTICE, sells
from tests.support.http import plain
from tests.support.processes.forked import Forked
from tests.support.processes.process import with_settings
from tests.support.processes.running import App
from tests.support.waiting import until


class Command:
    """`stockpulse demo …` in its own process."""

    def __init__(self, settings: Settings, output: Path, *arguments: str) -> None:
        given = {
            "DYNAMODB": settings.dynamodb,
            "DATA_DIR": str(settings.data_dir),
            "TABLE_PREFIX": settings.table_prefix,
            "PORT": "0",
        }
        environment = with_settings({f"STOCKPULSE_{name}": value for name, value in given.items()})
        output.write_bytes(b"")
        self._file = output
        self.child = Forked("app", "demo", *arguments, environment=environment, output=output)

    @property
    def output(self) -> str:
        return self._file.read_text()

    def end(self) -> int:
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(30)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *exc: object) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)


def test_demo_command_starts_a_server_if_none_is_running(
    settings: Settings, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with Command(settings, output, "--history", "12h", "--seed", "3") as command:
        until(lambda: "Press Ctrl-C" in command.output or command.child.poll() is not None, 60)
        address = re.search(r"http://127\.0\.0\.1:\d+", command.output)
        assert address is not None, command.output
        assert "the table holds 2" in command.output
        assert "5 changes per second (seed 3)" in command.output
        until(lambda: plain.get(f"{address[0]}/readyz").status_code == 200)
        assert NOTICE in plain.get(f"{address[0]}/").text
        assert command.end() == 0, command.output
    with Command(settings, output, "--history", "12h") as command:
        assert command.child.wait(30) == 1
        assert "is not empty" in command.output


def test_demo_command_only_writes_if_a_server_is_running(app: App, tmp_path: Path) -> None:
    settings = app.services.settings
    with Command(settings, tmp_path / "output", "--rate", "50") as command:
        until(lambda: sells(app), 60)
        assert "Writing the demo shop's changes to" in command.output
        assert not app.services.demo.is_running()
        assert command.end() == 0, command.output
    with Command(settings, tmp_path / "output", "--history", "12h") as command:
        assert command.child.wait(30) == 1
        assert "in use by another Stockpulse (process" in command.output
