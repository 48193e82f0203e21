"""The qualifiers of a search for events, each with the same condition in SQL."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.core.events import rfc3339
from tests.support.history.compared import ZONE, Compared

Query = dict[str, Any]
_TEXT = "lower(concat_ws(' ', product_name, product_id, category, note, reference, reason, actor))"


def equal(parameter: str, column: str) -> Callable[[Compared], tuple[Query, str]]:
    """A qualifier that compares a column with a value that many events have."""

    def made(year: Compared) -> tuple[Query, str]:
        value = year.duck.typical(column)
        return {parameter: value}, f"{column} = '{value}'"

    return made


def in_spring(year: Compared) -> tuple[Query, str]:
    """A week of the year, by its local dates."""
    first = (year.start + timedelta(days=100)).date()
    last = first + timedelta(days=6)
    day = f"local_day(occurred_at, '{ZONE.key}')"
    return {"q": f"created:{first}..{last}"}, f"{day} BETWEEN '{first}' AND '{last}'"


def in_a_time(year: Compared) -> tuple[Query, str]:
    since, until = (rfc3339(year.start + timedelta(days=days)) for days in (50, 250))
    condition = f"occurred_at >= '{since}' AND occurred_at < '{until}'"
    return {"since": since, "until": until}, condition


# A qualifier of a search for events, and the same condition in SQL.
QUALIFIERS: dict[str, Callable[[Compared], tuple[Query, str]]] = {
    "kind": lambda _: ({"kind": "updated"}, "kind = 'updated'"),
    "product": equal("product_id", "product_id"),
    "category": equal("category", "category"),
    "actor": equal("actor", "actor"),
    "reason": lambda _: ({"reason": "sold"}, "reason = 'sold'"),
    "reference": equal("reference", "reference"),
    "request": equal("request_id", "request_id"),
    "size": lambda _: ({"min_delta": 10}, "abs(delta) >= 10"),
    "sizes": lambda _: ({"q": "delta:2..12"}, "abs(delta) BETWEEN 2 AND 12"),
    "word": lambda _: ({"q": "ca"}, f"regexp_matches({_TEXT}, '\\bca')"),
    "phrase": lambda _: ({"q": '"watering can"'}, f"regexp_matches({_TEXT}, '\\bwatering can\\b')"),
    "not a reason": lambda _: ({"q": "-reason:sold"}, "reason IS DISTINCT FROM 'sold'"),
    "not a word": lambda _: ({"q": "-web"}, f"NOT regexp_matches({_TEXT}, '\\bweb')"),
    "not a size": lambda _: ({"q": "-delta:1"}, "abs(delta) IS DISTINCT FROM 1"),
    "days": in_spring,
    "time": in_a_time,
}  # fmt: skip


def combined(year: Compared, names: tuple[str, ...]) -> tuple[Query, list[tuple[str, str]]]:
    """The query with all these qualifiers, and the events that it finds, as they arrived."""
    query: Query = {}
    conditions = []
    for name in names:
        given, condition = QUALIFIERS[name](year)
        if "q" in given and "q" in query:
            given = {"q": f"{query['q']} {given['q']}"}
        query |= given
        conditions.append(condition)
    return query, year.duck.matching(" AND ".join(f"({one})" for one in conditions))


def keys(events: list[Any]) -> list[tuple[str, str]]:
    """Product id and event key of the events that the API shows."""
    return [(one["data"]["product_id"], one["data"]["event_key"]) for one in events]
