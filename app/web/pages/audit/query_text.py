"""The Audit page's links change the text of a search by whole words and qualifiers. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from app.readmodel.events.qualifiers import Token, tokens

_BARE = re.compile(r'[^\s"]+')
_RANGES = (("Today", 1), ("7 days", 7), ("30 days", 30))

State = Literal["", "wanted", "excluded"]


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition of a search, and the search without it."""

    text: str
    position: int
    rest: str


@dataclass(frozen=True, slots=True)
class Period:
    """A range of days that ends today, and the search of it."""

    label: str
    q: str
    is_current: bool


def chips(q: str) -> list[Chip]:
    """The conditions of a search, in its order."""
    found = tokens(q)
    return [Chip(one.text, one.position, _text(found, without=[one])) for one in found]


def state_of(q: str, name: str, value: str) -> State:
    """Whether a search has a qualifier's value, or excludes it."""
    found = _with_value(tokens(q), name, value)
    return "" if not found else "excluded" if found[0].negated else "wanted"


def toggled(q: str, name: str, value: str, *, negated: bool) -> str:
    """The search with the qualifier's value instead of its opposite; without it if it has it."""
    found = tokens(q)
    known = _with_value(found, name, value)
    rest = _text(found, without=known)
    if any(one.negated == negated for one in known):
        return rest
    return _joined(rest, ("-" if negated else "") + _qualifier(f"{name}:", value))


def between(q: str, first: str, last: str) -> str:
    """The search of the days from `first` to `last`; an empty one is open."""
    rest = _text(found := tokens(q), without=[one for one in found if one.name == "created"])
    if not first and not last:
        return rest
    if first == last:
        return _joined(rest, _qualifier("created:", first))
    if not first or not last:
        return _joined(rest, _qualifier("created:>=" if first else "created:<=", first or last))
    return _joined(rest, _qualifier("created:", f"{first}..{last}"))


def periods(q: str, today: date) -> list[Period]:
    """The search of today, of the last days, and of any time."""
    now = _text(tokens(q))
    found = []
    for label, days in _RANGES:
        first = (today - timedelta(days=days - 1)).isoformat()
        other = between(q, first, first if days == 1 else "")
        found.append(Period(label, other, other == now))
    other = between(q, "", "")
    return [*found, Period("Any time", other, other == now)]


def _with_value(found: Iterable[Token], name: str, value: str) -> list[Token]:
    return [one for one in found if one.name == name and one.value == value]


def _text(found: Iterable[Token], without: Iterable[Token] = ()) -> str:
    left_out = {one.position for one in without}
    return _joined(*(_of(one) for one in found if one.position not in left_out))


def _of(token: Token) -> str:
    """The token as it was written; a text whose closing quote is missing gets one."""
    if not token.quoted:
        return token.text
    name = f"{token.name}:" if token.name else ""
    return ("-" if token.negated else "") + name + _quoted(token.value)


def _qualifier(start: str, value: str) -> str:
    return start + (value if _BARE.fullmatch(value) else _quoted(value))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
