"""A rule that cannot work is refused with each field named, before anything is stored. Pure.

The fields are named by JSON pointers into the rule as the API takes it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from app.core import json_text
from app.core.errors import InvalidValue
from app.core.rules.rule import Recipient, Rule, What, When
from app.core.rules.rule_document import what_encoded
from app.core.rules.secret_paths import shown_address
from app.notifications.channels.channel import AddressRefused, Channel
from app.notifications.schedule import time_of_day
from app.notifications.search_text import query_of

MOST_RECIPIENTS = 50
WHAT_BYTES = 8_000  # a rule and its former wordings are one row, of 400 KB at most
LONGEST_DIGEST = 24 * 60  # minutes

# Kinds of events that can have an amount; a level is crossed only by those of `_CROSSING`.
_AMOUNTS = frozenset({"inserted", "stock_changed", "deleted", "expired"})
_CROSSING = frozenset({"stock_changed", "reconciled"})

Fault = tuple[str, str]  # a pointer, and what is wrong there


class InvalidRule(InvalidValue):
    """The rule cannot work. `errors` lists each field that is wrong."""


def checked(
    rule: Rule, channels: Mapping[str, Channel], stored: Collection[Recipient] = ()
) -> Rule:
    """The rule with its addresses in their canonical form.

    Recipients that are `stored` with it stay as they are: a rule whose channel was removed can
    still be changed.

    Raises:
        InvalidRule: it names no known channel or address, or can never want anything.

    """
    faults = [*_what_faults(rule.what), *_when_faults(rule.when)]
    recipients: list[Recipient] = []
    for number, one in enumerate(rule.recipients):
        pointer = f"/recipients/{number}"
        found = _kept(one, stored, recipients) or _checked(one, channels)
        if isinstance(found, tuple):
            faults.append((f"{pointer}/{found[0]}", found[1]))
        elif found.id in {other.id for other in recipients}:
            faults.append((pointer, "is in the list twice"))
        else:
            recipients.append(found)
    if not 1 <= len(rule.recipients) <= MOST_RECIPIENTS:
        faults.append(("/recipients", f"must be 1 to {MOST_RECIPIENTS} recipients"))
    if faults:
        raise invalid(faults)
    return replace(rule, recipients=tuple(recipients))


def _kept(
    given: Recipient, stored: Collection[Recipient], taken: Collection[Recipient]
) -> Recipient | None:
    """The stored recipient that is given; its address may be as it was shown, without a secret."""
    for one in stored:
        if one.id == given.id:
            return given
    others = {one.id for one in taken}
    same = (
        one
        for one in stored
        if one.id not in others
        and (one.channel, shown_address(one.address)) == (given.channel, given.address)
    )
    return next(same, None)


def _checked(one: Recipient, channels: Mapping[str, Channel]) -> Recipient | Fault:
    channel = channels.get(one.channel)
    if channel is None:
        known = ", ".join(sorted(channels)) or "it has none"
        return "channel", f"must be a channel of this server ({known})"
    try:
        return replace(one, address=channel.checked(one.address))
    except AddressRefused as error:
        return "address", str(error)


def invalid(faults: list[Fault]) -> InvalidRule:
    """The error that names these faults."""
    return InvalidRule(
        "; ".join(f"{pointer}: {detail}" for pointer, detail in faults[:20]),
        extra={"errors": [{"pointer": at, "detail": detail} for at, detail in faults[:20]]},
    )


def is_broken(recipient: Recipient, channels: Mapping[str, Channel]) -> str | None:
    """Why a stored recipient cannot be reached here; None if it may be.

    Lists of rules ask this for each recipient, so it does not check addresses again: that can read
    files, or ask another process.
    """
    if recipient.channel in channels:
        return None
    return f"This server has no channel “{recipient.channel}” any more."


def _what_faults(what: What) -> Iterator[Fault]:
    if len(json_text.dumps(what_encoded(what))) > WHAT_BYTES:
        yield "/what", "names too much: make several rules of it"
    if what.min_delta is not None and what.min_delta <= 0:
        yield "/what/min_delta", "must be above 0"
    try:
        query_of(what.search)
    except ValueError as error:
        yield "/what/search", str(error)
    kinds = frozenset(what.kinds)
    of_changes = ("actors", "reasons", "min_delta", "crosses")
    of_products = ("product_ids", "categories", "search")
    without = kinds <= {"gap"} and bool(what.alerts or what.trouble or kinds)
    for name in of_changes:
        if without and _is_given(what, name):
            yield f"/what/{name}", "restricts changes only, and this rule wants none: see kinds"
    for name in of_products:
        if without and not what.alerts and not kinds and _is_given(what, name):
            yield f"/what/{name}", "restricts products only, and this rule is not about products"
    for name, possible in (("min_delta", _AMOUNTS), ("crosses", _CROSSING)):
        if kinds and not without and _is_given(what, name) and not kinds & possible:
            needed = " or ".join(sorted(possible))
            yield f"/what/{name}", f"can never hold for these kinds: add {needed}"


def _is_given(what: What, name: str) -> bool:
    return getattr(what, name) not in {(), None, ""}


def _when_faults(when: When) -> Iterator[Fault]:
    for name in ("at", "quiet_from", "quiet_to"):
        text = getattr(when, name)
        try:
            if text is not None:
                time_of_day(text)
        except ValueError as error:
            yield f"/when/{name}", str(error)
    if not 1 <= when.minutes <= LONGEST_DIGEST:
        yield "/when/minutes", f"must be 1 to {LONGEST_DIGEST}"
    if (when.quiet_from is None) != (when.quiet_to is None):
        missing = "quiet_to" if when.quiet_to is None else "quiet_from"
        yield f"/when/{missing}", "is missing: quiet hours have a beginning and an end"
    elif when.quiet_from is not None and when.quiet_from == when.quiet_to:
        yield "/when/quiet_to", "must differ from quiet_from: nothing would ever be sent"
