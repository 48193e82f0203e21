"""`stockpulse audit` prints each selected event once, as a line that cannot control a terminal."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.cli import parsed
from app.commands.audit import command
from app.commands.audit.lines import human_line, json_line
from app.commands.audit.selection import Selection, start_of
from app.commands.common import CommandError, moment_of
from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from tests.support.builders import NOON, an_event

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-11-20", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("2026-11-20T09:30", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-07-20 09:30", datetime(2026, 7, 20, 7, 30, tzinfo=UTC)),
        ("2026-11-20T09:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T09:30-05:00", datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
    ],
)
def test_time_is_a_span_before_now_or_a_local_date_and_time(text: str, moment: datetime) -> None:
    assert moment_of(text, NOW, BERLIN) == moment


@pytest.mark.parametrize(
    "text", ["", "2", "h", "-2h", "yesterday", "999999999w", "2026-13-01", "0001-01-01", "1x"]
)
def test_other_times_are_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 90s, .* \(in Europe/Berlin\)"):
        moment_of(text, NOW, BERLIN)


OUTSIDE: dict[str, Any] = {"actor": None, "reason": None}


@pytest.mark.parametrize(
    ("selection", "fields", "wanted"),
    [
        (Selection(), {}, True),
        (Selection(), {"kind": "internal"}, False),
        (Selection(since=NOON), {}, True),
        (Selection(since=NOON + timedelta(seconds=1)), {}, False),
        (Selection(until=NOON), {}, True),
        (Selection(until=NOON - timedelta(seconds=1)), {}, False),
        (Selection(kinds=frozenset({"stock_changed", "deleted"})), {}, True),
        (Selection(kinds=frozenset({"deleted"})), {}, False),
        (Selection(actors=frozenset({"ada"})), {}, True),
        (Selection(actors=frozenset({"ada"})), OUTSIDE, False),
        (Selection(actors=frozenset({"outside Stockpulse"})), OUTSIDE, True),
        (Selection(reasons=frozenset({"sold"})), {}, True),
        (Selection(reasons=frozenset({"lost"})), {}, False),
        (Selection(categories=frozenset({"Kitchen"})), {}, True),
        (Selection(categories=frozenset({"Garden"})), {}, False),
        (Selection(kinds=frozenset({"stock_changed"}), actors=frozenset({"bob"})), {}, False),
    ],
)
def test_every_part_of_a_selection_must_admit_an_event(
    selection: Selection, fields: dict[str, Any], wanted: object
) -> None:
    assert selection.admits(an_event(**fields)) == wanted


def test_reading_starts_at_the_last_of_the_newest_wanted_events() -> None:
    newest_first = [(n, an_event(n, reason="sold" if n % 2 else "lost")) for n in range(9, 0, -1)]
    sold = Selection(reasons=frozenset({"sold"}))
    assert start_of(newest_first, sold, 2) == 7
    assert start_of(newest_first, sold, None) == 1
    assert start_of(newest_first, Selection(actors=frozenset({"bob"})), 2) is None


def test_line_says_when_what_who_and_why() -> None:
    event = an_event(note="gift wrapped", reference="R-1")
    assert human_line(event, BERLIN, "Stock") == (
        "2026-11-03 13:00:00  sold           P1 Blue mug  12 → 9 (−3)  by ada  "
        '"gift wrapped" (ref R-1)'
    )
    outside = an_event(actor=None, reason=None)
    assert human_line(outside, BERLIN, "Stock").endswith("12 → 9 (−3)  by outside Stockpulse")


EVIL = "a\x1b[2Jb\x9b2Jc\nd\u2028e"


def test_text_of_the_tables_cannot_control_the_terminal() -> None:
    event = an_event(note=EVIL, product_id=EVIL, product_name=EVIL, actor=EVIL, reference=EVIL)
    assert human_line(event, BERLIN, "Stock").isprintable()
    line = json_line(event, "Products")
    assert line.isprintable()
    assert json.loads(line)["data"]["note"] == EVIL


def reads(*answers: Sequence[ChangeEvent] | Exception) -> command.Read:
    """Reads these answers, then nothing."""
    remaining = iter(answers)

    def read() -> Sequence[ChangeEvent]:
        answer = next(remaining, [])
        if isinstance(answer, Exception):
            raise answer
        return answer

    return read


class Enough(Exception):
    """Ends a command that would wait for ever."""


def test_event_that_arrives_again_is_printed_once() -> None:
    first, second = an_event(1), an_event(2)
    found = command.events(reads([first], [first, second]), follow=False)
    assert list(found) == [first, second]


def test_follow_waits_for_events_and_for_a_store_that_does_not_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            raise Enough

    down = StoreUnavailable("DynamoDB did not answer.")
    answers = reads([an_event(1)], down, down, [], [an_event(2)])
    found = command.events(answers, follow=True, wait=wait)
    assert [next(found), next(found)] == [an_event(1), an_event(2)]
    with pytest.raises(Enough):
        next(found)
    assert capsys.readouterr().err.count("did not answer") == 1
    assert waits[2:] == [command.POLL, command.POLL]


def test_store_that_does_not_answer_ends_the_command_without_follow() -> None:
    with pytest.raises(StoreUnavailable):
        list(command.events(reads(StoreUnavailable("no")), follow=False))


def test_follow_ends_at_once_if_the_reader_of_the_output_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        os.close(read_end)
        with pytest.raises(BrokenPipeError):
            list(command.events(reads(), follow=True))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--since", "soon"], "--since must be a time"),
        (["--until", "soon"], "--until must be a time"),
        (["--since", "1h", "--until", "2h"], "--since is later than --until"),
        (["--follow", "--until", "1h"], "cannot be used with --until"),
    ],
)
def test_contradictory_times_are_refused(options: list[str], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        command.selection_of(parsed(["audit", *options]), NOW, BERLIN)


@pytest.mark.parametrize("options", [["--limit", "0"], ["--limit", "x"], ["--kind", "internal"]])
def test_invalid_options_are_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parsed(["audit", *options])
    assert end.value.code == 2
    assert options[0] in capsys.readouterr().err
