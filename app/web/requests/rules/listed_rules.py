"""Rules with how they are doing, as the page Notifications and the API list them.

The webhook of the settings comes first. Rules that a newer version wrote are listed apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.rules.rule import OPERATOR, Rule, UnreadableRule, subscription_id
from app.notifications.desk.listed_rule import ListedRule
from app.store.dynamodb.paging import encode_cursor
from app.store.notifications.rule_errors import RuleNotFound, RuleOfSettings
from app.web.services import Services

_FIRST = "0"  # sorts before the id of every stored rule


@dataclass(frozen=True, slots=True)
class ListedRules:
    """A page of rules."""

    rules: list[ListedRule]
    unreadable: list[UnreadableRule]
    next_cursor: str | None


def page_of_rules(services: Services, limit: int, cursor: str | None) -> ListedRules:
    """Up to `limit` rules after the cursor, the oldest first.

    Raises:
        InvalidCursor: no page returned this cursor.
        StoreUnavailable: they cannot be read now.

    """
    first = services.rule_desk.operator.read() if cursor is None else None
    own = [] if first is None else [first]
    if limit == len(own):
        return ListedRules(own, [], encode_cursor(_FIRST))
    page = services.store.rules.page(limit - len(own), cursor)
    found = [one for one in page.items if isinstance(one, Rule)]
    unreadable = [one for one in page.items if isinstance(one, UnreadableRule)]
    return ListedRules([*own, *with_state(services, found)], unreadable, page.next_cursor)


def listed_rule(services: Services, rule_id: str) -> ListedRule:
    """One rule.

    Raises:
        RuleNotFound, RuleUnreadable: there is none with this id, or a newer version wrote it.
        StoreUnavailable: it cannot be read now.

    """
    if rule_id == OPERATOR:
        found = services.rule_desk.operator.read()
        if found is None:
            raise RuleNotFound("The settings of this server name no webhook.")
        return found
    return with_state(services, [services.store.rules.get(rule_id)])[0]


def with_state(services: Services, rules: Sequence[Rule]) -> list[ListedRule]:
    """How stored rules are doing, in a few calls for all of them; raises StoreUnavailable."""
    store = services.store
    ids = [subscription_id(rule.id, one.id) for rule in rules for one in rule.recipients]
    waiting = store.subscriptions.some(ids)
    last = store.deliveries.last_of([rule.id for rule in rules])
    return [
        ListedRule(rule, [row for row in waiting if row.rule_id == rule.id], last.get(rule.id, ()))
        for rule in rules
    ]


def check_stored(rule_id: str) -> None:
    """Return if a rule is not that of the settings, which can only be listed and tested.

    Raises:
        RuleOfSettings: it is.

    """
    if rule_id == OPERATOR:
        raise RuleOfSettings(
            "This rule is the webhook of the server's settings (STOCKPULSE_WEBHOOK_URL). Change it "
            "there. What it could not deliver, and how to send that again, is under Connections on "
            "the page System."
        )
