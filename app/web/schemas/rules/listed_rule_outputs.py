"""Rules with how they are doing, as lists of them show it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from app.notifications.channels.channel import Channel
from app.notifications.desk.listed_rule import ListedRule
from app.observability.logs import masked
from app.web.schemas.outputs import NEXT_CURSOR
from app.web.schemas.rules.rule_outputs import RuleOut, rule_out, time_text


class RuleHealthOut(BaseModel):
    """How a rule is doing; tests do not count."""

    last_delivered_at: str | None = Field(description="When a recipient last accepted a message.")
    last_failed_at: str | None = Field(description="When a recipient last did not accept one.")
    last_failure: str | None = Field(description="Why it did not; for people.")
    waiting: int = Field(
        description="How many notices wait, also for a digest or the end of quiet hours. For the "
        "`built_in` rule, counted up to a few hundred."
    )
    behind_since: str | None = Field(
        description="When the first notice arrived that a recipient did not accept or did not get "
        "in time; null if none is behind."
    )


class ListedRuleOut(RuleOut):
    """A rule, and how it is doing."""

    built_in: bool = Field(
        description="Whether it is the webhook of the settings (`STOCKPULSE_WEBHOOK_URL`), which "
        "is changed there. Its progress is that of the sink `webhook`."
    )
    filter: str | None = Field(
        description="The `built_in` rule's filter pattern (`STOCKPULSE_WEBHOOK_FILTER`)."
    )
    health: RuleHealthOut = Field(description="How it is doing.")


class UnreadableRuleOut(BaseModel):
    """A rule that a newer version of Stockpulse wrote. Its messages wait for that version."""

    id: str = Field(description="The rule's id.")
    name: str | None = Field(description="The rule's name, as far as it can be made out.")


class RulePageOut(BaseModel):
    """A page of rules."""

    items: list[ListedRuleOut] = Field(
        description="The rules, the oldest first, after the `built_in` one."
    )
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    unreadable: list[UnreadableRuleOut] = Field(
        description="Rules of this page that this version of Stockpulse cannot read."
    )


def listed_out(listed: ListedRule, channels: Mapping[str, Channel]) -> dict[str, Any]:
    """A rule as JSON values, as in `ListedRuleOut`."""
    last = {one.is_sent: one for one in listed.last}
    sent, failed = last.get(True), last.get(False)
    behind = [row.first_at for row in listed.waiting if row.is_lag and row.first_at]
    return rule_out(listed.rule, channels) | {
        "built_in": listed.is_built_in,
        "filter": listed.filter,
        "health": {
            "last_delivered_at": None if sent is None else time_text(sent.at),
            "last_failed_at": None if failed is None else time_text(failed.at),
            "last_failure": None if failed is None else masked(failed.answer) or None,
            "waiting": sum(row.waiting for row in listed.waiting),
            "behind_since": time_text(min(behind)) if behind else None,
        },
    }
