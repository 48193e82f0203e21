"""The Live page's filter is in its address. It filters the first rows as the script does the rest.

An empty parameter, as a form without JavaScript sends it, is not set; a wrong one is ignored.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from app.broker.filters import Filter
from app.core.events import KINDS, REASONS, RESERVED
from app.core.numbers import digits, number_of
from app.web.pages.live.live_rows import Change
from app.web.requests.event_filters import EventSearch, event_search

_LONGEST = 2048  # characters of a value
_LONG = 100  # characters of a suggestion
KIND_WORDS = {
    "inserted": "New",
    "stock_changed": "Stock changed",
    "updated": "Edited",
    "deleted": "Deleted",
    "expired": "Expired",
    "gap": "Gap",
    "reconciled": "Reconciled",
}


async def live_filter(request: Request) -> EventSearch:
    """The search that the page's address describes."""
    query = request.query_params

    def text(name: str) -> str | None:
        return query.get(name, "")[:_LONGEST] or None

    least = number_of(text("min_delta"))
    return await event_search(
        request,
        kind=[kind for kind in KINDS if kind in query.getlist("kind") and kind in KIND_WORDS],
        reason=[reason for reason in REASONS if reason in query.getlist("reason")],
        product_id=text("product_id"),
        category=text("category"),
        actor=text("actor"),
        min_delta=least if least is not None and least > 0 else None,
        outside={"true": True, "false": False}.get(query.get("outside", "")),
    )


def audit_search(wanted: Filter) -> str:
    """The same filter as a search of the Audit page."""
    texts = (("product", wanted.product_id), ("category", wanted.category), ("actor", wanted.actor))
    terms = [f"kind:{kind}" for kind in KINDS if kind in wanted.kinds]
    terms += [f"reason:{reason}" for reason in REASONS if reason in wanted.reasons]
    terms += [f"{name}:{_quoted(value)}" for name, value in texts if value is not None]
    if wanted.outside is not None:
        terms.append(f"outside:{str(wanted.outside).lower()}")
    if wanted.min_delta is not None:
        terms.append(f"delta:>={digits(wanted.min_delta)}")
    return " ".join(terms)


def audit_path(base: str, wanted: Filter) -> str:
    """The Audit page with the same filter."""
    search = audit_search(wanted)
    return f"{base}/audit?{urlencode({'q': search})}" if search else f"{base}/audit"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Offers:
    """What the filter's fields suggest: product ids with their names, categories and actors."""

    products: dict[str, str]
    categories: list[str]
    actors: list[str]


def offers(changes: Iterable[Change]) -> Offers:
    """The suggestions from the newest changes."""
    found = Offers({}, [], [])
    for one in changes:
        if not one.product_id.startswith(RESERVED) and len(one.product_id) <= _LONG:
            found.products.setdefault(one.product_id, one.product_name[:_LONG])
        for value, values in ((one.category, found.categories), (one.actor, found.actors)):
            if value and len(value) <= _LONG and value not in values:
                values.append(value)
    return found
