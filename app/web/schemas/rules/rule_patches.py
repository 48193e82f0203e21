"""A merge patch of a rule (RFC 7396): members that are left out stay, null removes one."""

from typing import Any

from pydantic import Field, StrictBool

from app.core.rules.rule import Mode, Rule, What, When
from app.web.schemas.fields import Name, Quantity
from app.web.schemas.product_models import Strict
from app.web.schemas.rules.rule_requests import (
    Alerts,
    IDs,
    Kinds,
    LeastDelta,
    Minutes,
    Reasons,
    Recipients,
    Search,
    Texts,
    TimeOfDay,
)

_AS = "As in a new rule; null: no restriction."


class WhatPatch(Strict):
    """The members of `what` that change."""

    kinds: Kinds | None = Field(None, description="As in a new rule; null: none.")
    alerts: Alerts | None = Field(None, description="As in a new rule; null: none.")
    trouble: StrictBool | None = Field(None, description="As in a new rule; null: false.")
    product_ids: IDs | None = Field(None, description=_AS)
    categories: Texts | None = Field(None, description=_AS)
    actors: Texts | None = Field(None, description=_AS)
    reasons: Reasons | None = Field(None, description=_AS)
    min_delta: LeastDelta | None = Field(None, description=_AS)
    crosses: Quantity | None = Field(None, description=_AS)
    search: Search | None = Field(None, description=_AS)


class WhenPatch(Strict):
    """The members of `when` that change."""

    mode: Mode | None = Field(None, description="As in a new rule; null: at once.")
    minutes: Minutes | None = Field(None, description="As in a new rule; null: 15.")
    at: TimeOfDay | None = Field(None, description="As in a new rule; null: 08:00.")
    quiet_from: TimeOfDay | None = Field(None, description="As in a new rule; null: none.")
    quiet_to: TimeOfDay | None = Field(None, description="As in a new rule; null: none.")


class RulePatch(Strict):
    """The members of a rule that change; a list replaces the whole list."""

    name: Name = Field("", description="The rule's name, one line of text.")
    what: WhatPatch | None = Field(None, description="What the rule tells; null: every change.")
    when: WhenPatch | None = Field(None, description="When messages are sent; null: at once.")
    recipients: Recipients = Field(
        [],
        description="Who gets the messages. Those who stay keep their signing secret, and stay "
        "disabled if they are.",
    )
    enabled: StrictBool = Field(default=True, description="Whether messages are sent.")

    def applied(self, rule: Rule) -> dict[str, Any]:
        """The patched rule in the form of `RuleRequest`."""
        return _merged(document_of(rule), self.model_dump(exclude_unset=True))


def document_of(rule: Rule) -> dict[str, Any]:
    """A stored rule in the form of `RuleRequest`, as JSON values."""
    what = {name: list(v) if isinstance(v, tuple) else v for name, v in _fields(rule.what)}
    return {
        "name": rule.name,
        "what": what,
        "when": dict(_fields(rule.when)),
        "recipients": [{"channel": one.channel, "address": one.address} for one in rule.recipients],
        "enabled": rule.enabled,
    }


def _fields(one: What | When) -> list[tuple[str, Any]]:
    return [(name, getattr(one, name)) for name in one.__dataclass_fields__]


def _merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = _merged(merged.get(name, {}), value)
        else:
            merged[name] = value
    return merged
