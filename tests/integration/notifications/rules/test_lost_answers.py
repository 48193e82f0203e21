"""A change of a rule whose answer is lost is applied once, and is no error."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import ConditionFailed
from app.core.rules.rule import Recipient, Rule, What
from app.store.dynamodb.transactions import commit
from app.store.notifications import rules as repository
from app.store.notifications.rules import RuleRepository
from tests.integration.notifications.rules.kit import trail
from tests.support.processes.running import App

HOOK = Recipient("webhook", "https://shop.example/stockpulse")


@pytest.fixture
def rules(app: App, monkeypatch: pytest.MonkeyPatch) -> RuleRepository:
    """Each transaction is applied; then it looks as if a repeat of it found its own result."""

    def losing(client: Any, actions: Sequence[dict[str, Any]]) -> None:
        commit(client, actions)
        raise ConditionFailed(may_be_applied=True)

    monkeypatch.setattr(repository, "commit", losing)
    return app.services.store.rules


def test_changes_are_applied_once(app: App, rules: RuleRepository) -> None:
    counted = rules.count()
    rule = rules.create(Rule("", "Tea", What(), (HOOK,), enabled=False), "ann")
    assert (rules.get(rule.id), rules.count()) == (rule, counted + 1)

    renamed = rules.change(replace(rule, name="Cups", what=What(kinds=("deleted",))), "ann")
    assert (renamed.name, renamed.version, len(renamed.former)) == ("Cups", 2, 1)

    rotated = rules.rotate(rule.id, HOOK.id, "ann")
    assert rotated.recipients[0].generation == 2
    assert rules.disable(rule.id, HOOK.id, "It bounced.", "ann").version == 4
    assert rules.enable(rule.id, HOOK.id, "ann").version == 5

    rules.delete(rule.id, 5, "ann")
    assert (rules.find(rule.id), rules.count()) == (None, counted)
    names = [action for action, rule_id in trail(app) if rule_id == rule.id]
    assert names == [
        "rule.deleted",
        "rule.recipient_enabled",
        "rule.recipient_disabled",
        "rule.secret_rotated",
        "rule.changed",
        "rule.created",
    ]
