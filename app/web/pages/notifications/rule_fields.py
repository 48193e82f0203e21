"""A rule as the fields of its form, and the fields as the API's document. Pure.

A form without script has no lists: products, categories and people are lines of a text, kinds are
boxes with a name each, and each recipient is a numbered row of a channel and an address.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.events import REASONS
from app.core.rules.rule import Recipient, Rule, When
from app.web.pages.notifications.rule_words import (
    ALERT_WORDS,
    KIND_WORDS,
    amount_text,
    typed_address,
)

MOST_ROWS = 50  # recipients of a rule
SPARE_ROWS = 2  # empty rows after those that are filled
_LINES = ("product_ids", "categories", "actors")
_BOXES = {"kinds": ("kind", KIND_WORDS), "alerts": ("alert", ALERT_WORDS)}
_TEXTS = ("min_delta", "crosses", "search")
_YES = "yes"  # the value of a ticked box
_POINTER = re.compile(r"/(?:what/|when/)?(\w+)(?:/(\d+))?")


def fields_of(rule: Rule) -> dict[str, str]:
    """The fields of a form that changes the rule."""
    what, when = rule.what, rule.when
    boxes = [f"kind_{kind}" for kind in what.kinds] + [f"alert_{kind}" for kind in what.alerts]
    boxes += [f"reason_{reason}" for reason in what.reasons]
    boxes += ["trouble"] if what.trouble else []
    return {
        "name": rule.name,
        "version": str(rule.version),
        **dict.fromkeys(boxes, _YES),
        **{name: "\n".join(getattr(what, name)) for name in _LINES},
        "min_delta": amount_text(what.min_delta),
        "crosses": amount_text(what.crosses),
        "search": what.search,
        "mode": when.mode,
        "minutes": str(when.minutes),
        "at": when.at,
        "quiet_from": when.quiet_from or "",
        "quiet_to": when.quiet_to or "",
        "enabled": _YES if rule.enabled else "",
        **rows_of(rule.recipients),
    }


def rows_of(recipients: Iterable[Recipient]) -> dict[str, str]:
    """The numbered fields of recipients."""
    fields: dict[str, str] = {}
    for number, one in enumerate(recipients, 1):
        fields |= {f"channel_{number}": one.channel, f"address_{number}": typed_address(one)}
    return fields


def row_numbers(fields: Mapping[str, str], channels: Iterable[str]) -> list[int]:
    """The rows of recipients that a form shows: the filled ones, and some that are empty.

    `channels` are those that there are; without one, only the filled rows are shown.
    """
    filled = _filled(fields)
    spare = SPARE_ROWS if any(True for _ in channels) else 0
    if "more" in fields:
        spare += SPARE_ROWS
    return list(range(1, min(MOST_ROWS, max(filled, default=0) + spare) + 1))


def document_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """The rule in the form as the API takes it; what is empty is left out."""
    lists = {name: _lines(fields.get(name, "")) for name in _LINES}
    for name, (prefix, words) in _BOXES.items():
        lists[name] = [kind for kind in words if fields.get(f"{prefix}_{kind}")]
    lists["reasons"] = [reason for reason in REASONS if fields.get(f"reason_{reason}")]
    what: dict[str, Any] = {name: values for name, values in lists.items() if values}
    what |= {name: fields[name] for name in _TEXTS if fields.get(name)}
    if fields.get("trouble"):
        what["trouble"] = True
    return {
        "name": fields.get("name", ""),
        "what": what,
        "when": _when(fields),
        "recipients": [
            {"channel": fields[f"channel_{number}"], "address": fields[f"address_{number}"]}
            for number in _filled(fields)
        ],
        "enabled": fields.get("enabled", _YES) == _YES,
    }


def field_of(pointer: str, fields: Mapping[str, str]) -> str:
    """The field of the form that a pointer of a problem names; empty for the whole rule."""
    match = _POINTER.match(pointer)
    if match is None:
        return ""
    name, number = match.groups()
    if name == "recipients":
        filled = _filled(fields)
        return f"address_{filled[int(number)]}" if number and int(number) < len(filled) else name
    return "kinds" if name in {"alerts", "trouble", "what"} else name


def _when(fields: Mapping[str, str]) -> dict[str, Any]:
    mode = fields.get("mode") or "at_once"
    when: dict[str, Any] = {"mode": mode}
    if mode == "digest":
        minutes = fields.get("minutes", "")
        when["minutes"] = int(minutes) if minutes.isdecimal() and minutes.isascii() else minutes
    if mode == "daily":
        when["at"] = fields.get("at", "")
    return when | {name: fields[name] for name in ("quiet_from", "quiet_to") if fields.get(name)}


def usual() -> dict[str, str]:
    """The fields that a new rule begins with."""
    when = When()
    return {
        "mode": when.mode,
        "minutes": str(when.minutes),
        "at": when.at,
        "enabled": _YES,
    }


def ticked(*names: str) -> dict[str, str]:
    """The fields of boxes that are ticked."""
    return dict.fromkeys(names, _YES)


def _filled(fields: Mapping[str, str]) -> list[int]:
    """The numbers of the rows that have an address."""
    return [
        number
        for number in range(1, MOST_ROWS + 1)
        if fields.get(f"address_{number}") and f"channel_{number}" in fields
    ]


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line for part in text.splitlines() if (line := part.strip())))
