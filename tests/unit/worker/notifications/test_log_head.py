"""A log is read from the first rule that wants anything of it, and each row is offered once."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

from app.core.rules.rule import Rule, What
from app.store.notifications.notice_log import LogPlace, NoticeLog
from tests.unit.worker.notifications.noticing import ANN
from worker.notifications.log_head import LogHead, of_troubles
from worker.notifications.state.rule_book import RuleBook, RuleIndex
from worker.notifications.state.waiting import Entry

SINCE = 1_000_000_000_000


class Log:
    """A log in memory, and the place that was stored."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.saved: LogPlace | None = None

    def put(self, ms: int, name: str) -> None:
        self.ids = sorted([*self.ids, f"{SINCE + ms:013d}-{name}"])

    def rows(self, start: str) -> Iterator[Any]:
        for one in self.ids:
            if one >= start:
                yield {"ID": {"S": one}, "Text": {"S": one}}

    def place(self) -> LogPlace | None:
        return self.saved

    def save(self, place: LogPlace) -> None:
        self.saved = place


class Book:
    """The rules that are given."""

    def __init__(self, *rules: Rule) -> None:
        self.index = RuleIndex({rule.id: rule for rule in rules})


BOOK = cast("RuleBook", Book(Rule("r", "r", What(trouble=True), (ANN,), since=SINCE)))


def poll(log: Log, head: LogHead | None = None) -> list[str]:
    """The names of what is offered; `head`: None for a new process."""
    offered: list[str] = []

    def offer(entries: Sequence[Entry]) -> None:
        offered.extend(entry.place[14:] for entry in entries)

    (head or a_head(log)).poll(BOOK, offer)
    return offered


def a_head(log: Log) -> LogHead:
    return LogHead("troubles", cast("NoticeLog", log), ["trouble"], of_troubles)


def test_rows_are_offered_once_also_by_the_next_process() -> None:
    log = Log()
    log.put(-30_000, "before the rule")
    log.put(1_000, "a")
    log.put(2_000, "b")
    head = a_head(log)
    assert poll(log, head) == ["a", "b"]
    assert poll(log, head) == []
    assert poll(log) == []
    log.put(1_500, "late")
    log.put(3_000, "c")
    assert poll(log) == ["late", "c"]


def test_what_came_while_nobody_looked_is_offered() -> None:
    log = Log()
    log.put(1_000, "a")
    assert poll(log) == ["a"]
    log.put(9_000_000, "b")
    assert poll(log) == ["b"]


def test_what_could_not_be_offered_is_offered_again() -> None:
    log = Log()
    head = a_head(log)
    log.put(1_000, "a")

    def refuse(_entries: Sequence[Entry]) -> None:
        raise ConnectionError

    with suppress(ConnectionError):
        head.poll(BOOK, refuse)
    assert log.saved is None
    assert poll(log, head) == ["a"]


def test_a_log_that_no_rule_wants_is_not_read() -> None:
    log = Log()
    log.put(1_000, "a")
    assert not a_head(log).poll(cast("RuleBook", Book()), lambda _: None)
    assert log.saved is None
