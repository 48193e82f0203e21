"""A rule that is edited applies from the next event: what came before follows its former wording.

Subscriptions that are behind read the timeline again, so a rule keeps the wordings that it had.
Pure.
"""

from dataclasses import replace

from app.core.rules.rule import Rule, Wording

MOST = 20  # former wordings; the oldest one that is kept also stands for those before it


def wording_at(rule: Rule, at_ms: int) -> Wording | None:
    """What the rule wanted at a time, in ms since 1970; None: it did not exist."""
    if at_ms >= rule.since:
        return Wording(rule.since, rule.what, rule.enabled)
    return next((one for one in reversed(rule.former) if at_ms >= one.since), None)


def reworded(stored: Rule, edited: Rule, now_ms: int) -> Rule:
    """The edited rule, with the wordings that the stored one had until now.

    A time that is not later than that of the stored wording replaces it: then clocks differ, or
    two edits came in one millisecond, and no event can have followed the wording in between.
    """
    if (stored.what, stored.enabled) == (edited.what, edited.enabled):
        return replace(edited, since=stored.since, former=stored.former)
    if now_ms <= stored.since:
        return replace(edited, since=stored.since, former=stored.former)
    former = (*stored.former, Wording(stored.since, stored.what, stored.enabled))
    if len(former) > MOST:
        first, *others = former[-MOST:]
        former = (replace(first, since=former[-MOST - 1].since), *others)
    return replace(edited, since=now_ms, former=former)
