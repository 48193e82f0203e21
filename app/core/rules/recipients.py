"""What becomes of a rule's recipients: disabled, enabled, a new secret, an edited list. Pure."""

from dataclasses import replace

from app.core.rules.rule import Recipient, Rule
from app.core.rules.wording import reworded

_REASON = 500  # characters


def recipient_of(rule: Rule, recipient_id: str) -> Recipient | None:
    """The recipient of a rule with this id; None if there is none."""
    return next((one for one in rule.recipients if one.id == recipient_id), None)


def disabled(rule: Rule, recipient_id: str, reason: str) -> Rule:
    """The rule without messages to this recipient; the first reason is kept."""
    if recipient_id in dict(rule.disabled):
        return rule
    return replace(rule, disabled=(*rule.disabled, (recipient_id, reason[:_REASON])))


def enabled(rule: Rule, recipient_id: str) -> Rule:
    """The rule with messages to this recipient again."""
    return replace(rule, disabled=tuple(one for one in rule.disabled if one[0] != recipient_id))


def rotated(rule: Rule, recipient_id: str, now_ms: int) -> Rule:
    """The rule with a new signing secret for this recipient.

    A repeat with the same time changes nothing: two rotations would end the former secret at once.
    """
    return replace(
        rule,
        recipients=tuple(
            replace(one, generation=one.generation + 1, rotated_at=now_ms)
            if one.id == recipient_id and one.rotated_at != now_ms
            else one
            for one in rule.recipients
        ),
    )


def edited(stored: Rule, given: Rule, now_ms: int) -> Rule:
    """The stored rule with all that a person may change, and its former wordings.

    Recipients that stay keep their secrets, and stay disabled if they are.
    """
    known = {one.id: one for one in stored.recipients}
    recipients = tuple(known.get(one.id, one) for one in given.recipients)
    kept = {one.id for one in recipients}
    after = replace(
        stored,
        name=given.name,
        what=given.what,
        recipients=recipients,
        when=given.when,
        enabled=given.enabled,
        disabled=tuple(one for one in stored.disabled if one[0] in kept),
    )
    return reworded(stored, after, now_ms)
