"""However many browsers ask, the store is read once in some seconds, and not without a rule."""

from typing import Any

from app.core.rules.rule import Recipient, Rule, What
from app.store.dynamodb.paging import Page
from app.store.notifications.inbox import InboxMessage
from app.store.notifications.inbox_news import FRESH, MOST, RULES_FRESH, InboxNews


class Rows:
    """Rules and messages, with the calls that read them."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.messages: dict[str, list[InboxMessage]] = {}
        self.calls: list[str] = []
        self.time = 0.0

    def writes(self) -> int:
        self.calls.append("writes")
        return len(self.rules)

    def all(self) -> list[Rule]:
        self.calls.append("rules")
        return self.rules

    def page(self, address: str, limit: int) -> Page[InboxMessage]:
        self.calls.append(address)
        assert limit == MOST
        return Page(self.messages.get(address, [])[:limit], None)


def opened(rows: Any) -> InboxNews:
    return InboxNews(rows, rows, lambda: rows.time)


def test_each_address_is_read_once_while_it_is_fresh() -> None:
    rows = Rows()
    news = opened(rows)
    for _ in range(3):
        assert news.messages("ann") == []
    news.messages("bob")
    assert rows.calls == ["ann", "*", "bob"]
    rows.messages["*"] = [InboxMessage("k", 1, "t", "")]
    rows.time = FRESH
    assert [one.key for one in news.messages("ann")] == ["k"]


def test_messages_of_both_addresses_are_merged_and_a_repeat_is_shown_once() -> None:
    rows = Rows()
    rows.messages["ann"] = [InboxMessage(key, at, "t", "") for key, at in (("b", 5), ("a", 1))]
    rows.messages["*"] = [InboxMessage(key, at, "t", "") for key, at in (("b", 4), ("c", 3))]
    found = opened(rows).messages("ann")
    assert [(one.key, one.at) for one in found] == [("b", 4), ("c", 3), ("a", 1)]


def test_rules_are_read_again_only_if_one_was_written() -> None:
    rows = Rows()
    news = opened(rows)
    assert not news.is_wanted("ann")
    rows.rules = [Rule("r", "R", What(), (Recipient("browser", "ann"), Recipient("sns", "bob")))]
    assert not news.is_wanted("ann"), "as it was read"
    rows.time = RULES_FRESH
    assert news.is_wanted("ann")
    assert not news.is_wanted("bob")
    rows.time = 2 * RULES_FRESH
    assert news.is_wanted("ann")
    assert rows.calls == ["writes", "rules", "writes", "rules", "writes"]
