"""The text of a search becomes a query: `actor:anna -kind:deleted created:>2026-01-01 "box in"`.

A word finds words that begin with it, a quoted text exactly these words. A qualifier that is
repeated has any of its values; all other conditions must be met. `-` excludes what follows. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.core.errors import StockpulseError
from app.core.events import KINDS, REASONS
from app.readmodel.events.bounds import moments, sizes
from app.readmodel.events.event_query import EventQuery, Phrase, Span, Term
from app.readmodel.events.event_terms import Qualifier

MOST = 32  # words and qualifiers
VALUES: dict[Qualifier, tuple[str, ...]] = {
    "kind": tuple(kind for kind in KINDS if kind != "internal"),
    "reason": REASONS,
    "outside": ("true", "false"),
}
_NAMES: dict[str, Qualifier] = {
    "kind": "kind",
    "actor": "actor",
    "reason": "reason",
    "product": "product",
    "category": "category",
    "outside": "outside",
    "reference": "reference",
    "request": "request",
}
_KNOWN = ", ".join((*_NAMES, "created", "delta"))

_TOKEN = re.compile(
    r"\s*(?P<text>(?P<minus>-?)(?:(?P<name>[A-Za-z_]+):)?"
    r'(?:"(?P<quoted>(?:\\.|[^"\\])*)"?|(?P<bare>[^\s"]*)))',
    re.DOTALL,
)


class InvalidSearch(StockpulseError):
    """The search text has an unknown qualifier or value. `errors` says where."""

    status = 422
    code = "invalid-search"
    title = "The search is not valid"


@dataclass(frozen=True, slots=True)
class Token:
    """One word, text or qualifier of a search; `position` is that of its first character, from 1.

    `name` is None for a word or a text.
    """

    position: int
    text: str
    negated: bool
    name: str | None
    value: str
    quoted: bool


def parse(text: str, zone: ZoneInfo, pointer: str = "?q") -> EventQuery:
    """The query of a search text; times without an offset are in `zone`.

    Raises:
        InvalidSearch: names the place in the text; `pointer` is where the text came from.

    """
    found = tokens(text)
    if len(found) > MOST:
        raise _invalid(pointer, found[MOST], f"a search has at most {MOST} words and qualifiers")
    query = EventQuery()
    wanted: dict[Qualifier, list[str]] = {}
    for token in found:
        try:
            qualifier = _NAMES.get(token.name or "")
            if qualifier is None:
                query &= _condition(token, zone)
                continue
            value = _checked(qualifier, token.value)
        except ValueError as error:
            raise _invalid(pointer, token, str(error)) from None
        if token.negated:
            query &= EventQuery(terms=(Term(qualifier, (value,), negated=True),))
        else:
            wanted.setdefault(qualifier, []).append(value)
    terms = tuple(Term(qualifier, tuple(values)) for qualifier, values in wanted.items())
    return query & EventQuery(terms=terms)


def tokens(text: str) -> list[Token]:
    """What the text of a search consists of; nothing is checked yet."""
    return [token for token in _tokens(text) if token.value or token.name]


def _tokens(text: str) -> Iterator[Token]:
    end = 0
    while end < len(text) and (match := _TOKEN.match(text, end)) and match.end() > end:
        end = match.end()
        quoted = match["quoted"]
        value = (
            match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        )
        name = match["name"] and match["name"].lower()
        yield Token(
            match.start("text") + 1,
            match["text"],
            bool(match["minus"]),
            name,
            value or "",
            quoted is not None,
        )


def _condition(token: Token, zone: ZoneInfo) -> EventQuery:
    """The query of a word, a text, or a range."""
    match token.name:
        case None:
            phrase = Phrase(token.value, is_start=not token.quoted, negated=token.negated)
            return EventQuery(phrases=(phrase,))
        case "created":
            span = moments(token.value, zone)
            return EventQuery(created=(Span(span.least, span.below, token.negated),))
        case "delta":
            span = sizes(token.value)
            return EventQuery(sizes=(Span(span.least, span.below, token.negated),))
        case _:
            raise ValueError(
                f"changes cannot be searched by this. They can by {_KNOWN}. To find the text "
                "itself, write it in quotes"
            )


def _checked(qualifier: Qualifier, value: str) -> str:
    known = VALUES.get(qualifier)
    if not value:
        raise ValueError("a value must follow the colon, without a space")
    if known is None:
        return value
    if value.lower() not in known:
        raise ValueError(f"unknown {qualifier}. Known: {', '.join(known)}")
    return value.lower()


def _invalid(pointer: str, token: Token, reason: str) -> InvalidSearch:
    shown = token.text if len(token.text) <= 60 else f"{token.text[:60]}…"
    detail = f"at character {token.position}, {shown}: {reason}"
    return InvalidSearch(
        f"The search is not valid {detail}.",
        extra={"errors": [{"pointer": pointer, "detail": detail, "position": token.position}]},
    )
