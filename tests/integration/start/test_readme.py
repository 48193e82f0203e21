"""The commands in the README work as written."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from app.cli import main
from app.config.settings import PREFIX, documented
from scripts.configuration import TARGET, document
from tests.support.http.sse import Listener
from tests.support.paths import ROOT
from tests.support.processes.running import App

README = (ROOT / "README.md").read_text()


def test_readme_api_example_works(app: App, tmp_path: Path) -> None:
    block = re.search(r"test_readme.py runs this block -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert block is not None
    script = block[1].replace("http://127.0.0.1:8000", app.url)
    with Listener(app.url) as feed:
        ran = subprocess.run(
            ["bash", "-euc", script.replace("curl -sS", "curl -sS --fail-with-body")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        kinds = [message.data["data"]["kind"] for message in feed.changes(4)]
    assert kinds == ["inserted", "stock_changed", "updated", "deleted"]
    assert "event: hello" in ran.stdout


def test_commands_in_the_readme_exist() -> None:
    named = set(re.findall(r"make ([a-z-]+)", README))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= targets
    commands = re.findall(r"\.venv/bin/(stockpulse [^#`\n]+)", README)
    assert {"serve", "init", "engine", "demo", "verify", "key"} <= {
        command.split()[1] for command in commands
    }
    assert (ROOT / ".venv/bin/stockpulse").exists()
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([*shlex.split(command)[1:], "--help"])
        assert ended.value.code == 0, command


def test_settings_in_the_readme_exist() -> None:
    named = set(re.findall(r"STOCKPULSE_[A-Z_]+", README))
    assert len(named) > 3
    assert named <= {PREFIX + name.upper() for name, _ in documented()}


def test_configuration_document_is_up_to_date() -> None:
    assert TARGET.read_text() == document(), "run scripts/configuration.py"
