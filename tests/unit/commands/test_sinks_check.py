"""`stockpulse sinks check` prints every difference, within a bound, and says how many there are."""

import argparse
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from app.commands.sinks import checking


def run(
    differences: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    def check(name: str) -> Iterator[str]:
        assert name == "copy"
        yield from differences

    tools = SimpleNamespace(check=check)
    monkeypatch.setattr(checking, "open_tools", lambda _settings: nullcontext(tools))
    parser = argparse.ArgumentParser()
    checking.add(parser.add_subparsers())
    arguments = parser.parse_args(["check", "copy"])
    return arguments.run(arguments, None), capsys.readouterr().out.splitlines()


def test_a_sink_without_a_difference_exits_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["", ""], monkeypatch, capsys) == (0, ["Sink copy: no difference."])


def test_differences_are_printed_escaped_and_exit_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run(["", "P1 is missing\x1b[2J"], monkeypatch, capsys)
    assert status == 1
    assert lines == [r"P1 is missing\x1b[2J", "Sink copy: 1 difference."]


def test_beyond_a_thousand_differences_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run([f"P{n} differs" for n in range(1_002)], monkeypatch, capsys)
    assert status == 1
    assert lines[-3:] == ["P999 differs", "… and 2 more.", "Sink copy: 1002 differences."]
