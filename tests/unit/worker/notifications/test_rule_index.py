"""Rules are found by what they are about."""

from dataclasses import replace

from app.core.rules.rule import Rule, UnreadableRule, What, Wording
from app.notifications.notice import Notice
from tests.unit.worker.notifications.noticing import ANN, entry
from worker.notifications.state.rule_book import RuleIndex


def found(index: RuleIndex, **fields: object) -> list[str]:
    notice: Notice = replace(entry(1).notice, **fields)  # type: ignore[arg-type]
    return [rule.id for rule in index.candidates(notice)]


def a_rule(identifier: str, what: What, *former: What) -> Rule:
    wordings = tuple(Wording(n, one) for n, one in enumerate(former))
    return Rule(identifier, identifier, what, (ANN,), since=10, former=wordings)


def test_events_are_wanted_since_the_first_rule_that_may_want_any() -> None:
    alerts = a_rule("a", What(alerts=("low",)), What(alerts=("out",)))
    events = a_rule("e", What())
    unreadable = UnreadableRule("00000000007abcdef")
    assert RuleIndex({"a": alerts}).wants_events_since is None
    assert RuleIndex({"a": alerts, "e": events}).wants_events_since == 10
    assert RuleIndex({"e": events}, [unreadable]).wants_events_since == 7
    assert RuleIndex({}, [UnreadableRule("by hand")]).wants_events_since is None


def test_a_rule_about_a_product_is_looked_at_for_its_events_only() -> None:
    rules = [
        a_rule("p", What(product_ids=("p1", "p2"))),
        a_rule("c", What(categories=("Tea",))),
        a_rule("d", What(kinds=("deleted",))),
        a_rule("l", What(alerts=("low",))),
        a_rule("moved", What(product_ids=("p9",)), What(product_ids=("p8",))),
        replace(a_rule("off", What()), enabled=False),
    ]
    index = RuleIndex({rule.id: rule for rule in rules})
    assert found(index, product_id="p1", kind="inserted") == ["p"]
    assert found(index, product_id="p3", kind="deleted", category="Tea") == ["d", "c"]
    assert found(index, product_id="p8", kind="inserted") == ["moved"]
    assert found(index, product_id="p9", kind="inserted") == ["moved"]
    assert found(index, product_id="p3", kind="low") == ["l"]
    assert found(index, product_id="p3", kind="updated") == []
    assert set(found(index, product_id="", kind="gap")) == {rule.id for rule in rules}
    assert index.since["low"] == 10
    assert index.since["inserted"] == 0
    assert "trouble" not in index.since
