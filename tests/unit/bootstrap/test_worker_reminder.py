"""Trouble that lasts is logged as it begins and ends, and once a minute in between."""

from app.bootstrap.worker import ProblemLog


def test_trouble_is_told_when_it_begins_each_minute_and_when_it_ends() -> None:
    reminder = ProblemLog()
    lines = [
        reminder.line(None if now in {0, 70} else f"silent for {now} s", now)
        for now in (0, 2, 4, 61, 62, 64, 70, 72)
    ]
    assert lines == [
        None,
        "silent for 2 s",
        None,
        None,
        "silent for 62 s",
        None,
        "all is well again",
        "silent for 72 s",
    ]


def test_nothing_is_said_while_all_is_well() -> None:
    reminder = ProblemLog()
    assert [reminder.line(None, now) for now in (0, 100)] == [None, None]
