"""A problem is logged when it begins, once a minute while it lasts, and when it ends."""

from app.bootstrap.worker import ProblemLog


def test_problem_is_logged_when_it_begins_each_minute_and_when_it_ends() -> None:
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
        "the worker is healthy again",
        "silent for 72 s",
    ]


def test_nothing_is_logged_without_a_problem() -> None:
    reminder = ProblemLog()
    assert [reminder.line(None, now) for now in (0, 100)] == [None, None]
