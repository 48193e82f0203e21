"""Each command is found by its name, and the help lists all of them."""

import pytest

from app.cli import COMMANDS, main


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_found_by_its_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert shown(capsys, name, "--help").startswith(f"usage: stockpulse {name} ")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split() for line in shown(capsys, "--help").splitlines()]
    assert {line[0] for line in lines if line} >= COMMANDS.keys()
