"""A rule as JSON values, as its row and the admin trail have it; amounts are strings. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from app.core.numbers import digits
from app.core.rules.rule import Recipient, Rule, UnreadableRule, What, When, Wording
from app.core.rules.secret_paths import shown_address

_LISTS = ("kinds", "alerts", "product_ids", "categories", "actors", "reasons")
_AMOUNTS = ("min_delta", "crosses")


def encoded(rule: Rule) -> dict[str, Any]:
    """The rule as JSON values."""
    document = asdict(rule)
    return document | {
        "what": what_encoded(rule.what),
        "former": [asdict(one) | {"what": what_encoded(one.what)} for one in rule.former],
    }


def decoded(document: Mapping[str, Any]) -> Rule:
    """The rule that `encoded` made these values of.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError: it made no such values.

    """
    return Rule(
        **{
            **document,
            "what": what_decoded(document["what"]),
            "when": When(**document["when"]),
            "recipients": tuple(Recipient(**one) for one in document["recipients"]),
            "disabled": tuple((recipient, reason) for recipient, reason in document["disabled"]),
            "former": tuple(
                Wording(**{**one, "what": what_decoded(one["what"])}) for one in document["former"]
            ),
        }
    )


def what_encoded(what: What) -> dict[str, Any]:
    """What a rule wants as JSON values."""
    amounts = {name: getattr(what, name) for name in _AMOUNTS}
    return asdict(what) | {
        name: None if amount is None else digits(amount) for name, amount in amounts.items()
    }


def what_decoded(document: Mapping[str, Any]) -> What:
    """What a rule wants, of the values of `what_encoded`."""
    lists = {name: tuple(document[name]) for name in _LISTS}
    amounts = {
        name: None if document[name] is None else Decimal(document[name]) for name in _AMOUNTS
    }
    return What(**{**document, **lists, **amounts})


def shown(rule: Rule | UnreadableRule) -> dict[str, Any]:
    """The rule as the admin trail has it: what a person gave without secrets, who is disabled."""
    if isinstance(rule, UnreadableRule):
        return {"id": rule.id, "name": rule.name}
    document = encoded(rule)
    kept = ("id", "name", "enabled", "what", "when", "recipients", "disabled")
    for one in document["recipients"]:
        one["address"] = shown_address(one["address"])
    return {name: document[name] for name in kept}
