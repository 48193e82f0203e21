"""Rules as responses show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import rfc3339
from app.core.numbers import json_number
from app.core.rules.rule import AlertNotice, Mode, Recipient, Rule
from app.core.rules.secret_paths import shown_address
from app.notifications.channels.channel import Channel
from app.notifications.checking import is_broken
from app.observability.logs import masked
from app.web.schemas.outputs import Number


class WhatOut(BaseModel):
    """What the rule tells; what is empty restricts nothing."""

    kinds: list[str] = Field(description="Kinds of changes.")
    alerts: list[AlertNotice] = Field(description="Changes of alerts.")
    trouble: bool = Field(description="Whether it tells what keeps Stockpulse from working.")
    product_ids: list[str] = Field(description="Only these products.")
    categories: list[str] = Field(description="Only products of these categories.")
    actors: list[str] = Field(description="Only changes by these people or programs.")
    reasons: list[str] = Field(description="Only changes for these reasons.")
    min_delta: Number | None = Field(description="Only changes of the stock by at least this.")
    crosses: Number | None = Field(description="Only changes of the stock across this level.")
    search: str = Field(description="Only products that this search finds.")


class WhenOut(BaseModel):
    """When messages are sent."""

    mode: Mode = Field(description="At once, as a digest every `minutes`, or daily at `at`.")
    minutes: int = Field(description="How often a digest is sent.")
    at: str = Field(description="When a daily digest is sent.")
    quiet_from: str | None = Field(description="From when on nothing is sent.")
    quiet_to: str | None = Field(description="Until when nothing is sent.")


class RecipientOut(BaseModel):
    """Who gets the messages, and where."""

    id: str = Field(description="The recipient's id, the same for the same channel and address.")
    channel: str = Field(description="The channel.")
    address: str = Field(description="The address. Of a URL, what may be a secret is hidden (`…`).")
    state: Literal["active", "disabled", "broken"] = Field(
        description="`disabled`: the recipient bounced, unsubscribed, or wants nothing more. "
        "`broken`: this server has no such channel any more."
    )
    why: str | None = Field(description="Why it is disabled or broken.")
    generation: int = Field(description="Counts the signing secrets that it has had.")
    rotated_at: str | None = Field(
        description="When it got its present signing secret; null if that is its first."
    )


class RuleOut(BaseModel):
    """A rule: what to tell, whom, and when."""

    id: str = Field(description="The rule's id.")
    name: str = Field(description="The rule's name.")
    enabled: bool = Field(description="Whether messages are sent.")
    what: WhatOut = Field(description="What the rule tells.")
    when: WhenOut = Field(description="When messages are sent.")
    recipients: list[RecipientOut] = Field(description="Who gets the messages, and where.")
    version: int = Field(description="Increases with each change of the rule.")
    created_by: str = Field(description="Who made the rule.")
    created_at: str | None = Field(
        description="When the rule was made; null for the webhook of the settings."
    )
    since: str | None = Field(
        description="Since when it tells what it tells now. What happened before is told by the "
        "rule as it was then. Null for the webhook of the settings."
    )


class SecretOut(BaseModel):
    """The secret that signs a webhook recipient's messages."""

    recipient_id: str = Field(description="The recipient's id.")
    generation: int = Field(description="Counts the secrets that the recipient has had.")
    secret: str = Field(
        description="The secret, as libraries for Standard Webhooks take it. The one before it "
        "signs for 24 hours after a rotation, too."
    )


def rule_out(rule: Rule, channels: Mapping[str, Channel]) -> dict[str, Any]:
    """A rule as JSON values, as in `RuleOut`."""
    what, when = rule.what, rule.when
    disabled = dict(rule.disabled)
    return {
        "id": rule.id,
        "name": rule.name,
        "enabled": rule.enabled,
        "what": {
            "kinds": what.kinds,
            "alerts": what.alerts,
            "trouble": what.trouble,
            "product_ids": what.product_ids,
            "categories": what.categories,
            "actors": what.actors,
            "reasons": what.reasons,
            "min_delta": json_number(what.min_delta),
            "crosses": json_number(what.crosses),
            "search": what.search,
        },
        "when": {
            "mode": when.mode,
            "minutes": when.minutes,
            "at": when.at,
            "quiet_from": when.quiet_from,
            "quiet_to": when.quiet_to,
        },
        "recipients": [
            _recipient_out(one, disabled.get(one.id), channels) for one in rule.recipients
        ],
        "version": rule.version,
        "created_by": rule.created_by,
        "created_at": rule.created_at or None,
        "since": time_text(rule.since) if rule.since else None,
    }


def _recipient_out(
    one: Recipient, disabled: str | None, channels: Mapping[str, Channel]
) -> dict[str, Any]:
    why = is_broken(one, channels) if disabled is None else disabled
    state = "disabled" if disabled is not None else "broken" if why else "active"
    return {
        "id": one.id,
        "channel": one.channel,
        "address": masked(shown_address(one.address)),
        "state": state,
        "why": why,
        "generation": one.generation,
        "rotated_at": time_text(one.rotated_at) if one.rotated_at else None,
    }


def time_text(ms: int) -> str:
    """A time in ms since 1970, as responses show it."""
    return rfc3339(datetime.fromtimestamp(ms / 1000, UTC))
