"""Progress is one line on a terminal, and a log line every ten seconds elsewhere."""

import logging
from collections.abc import Callable

import pytest

from app.commands.common import Progress


def clock(*times: float) -> Callable[[], float]:
    return iter(times).__next__


def test_log_line_is_written_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Progress(clock(0.0, 5.0, 10.0, 19.0, 21.0)) as progress:
        for done in (1, 2, 3, 4):
            progress(lambda done=done: f"{done} products", done, 4)  # type: ignore[misc]
    assert caplog.messages == [
        "[##########----------]  50% 2 products",
        "[####################] 100% 4 products",
    ]


def test_terminal_shows_one_line_and_clears_it_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    with Progress(clock(0.0, 0.1, 1.0, 1.1, 2.0)) as progress:
        for _ in range(4):
            progress(lambda: "searched 12,000 events")
    shown = "\rsearched 12,000 eve\x1b[K"
    assert capsys.readouterr().err == f"{shown}{shown}\r\x1b[K"


def test_total_that_was_too_low_is_a_full_bar(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    Progress(clock(0.0, 11.0))(lambda: "120 products", 120, 100)
    assert caplog.messages == ["[####################] 100% 120 products"]
