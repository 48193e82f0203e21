"""The Audit page searches all events; its facets and the chosen event are also parts of their own.

The script fetches the facets after the page, because they cost more than the list.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import EventNotFound, InvalidCursor, StockpulseError
from app.core.roles import Role
from app.readmodel.copy_state import CopyState, ReadModelFilling
from app.readmodel.events.facets import Facet
from app.readmodel.events.qualifiers import InvalidSearch
from app.web.auth.permissions import needs
from app.web.pages.audit import query_text
from app.web.pages.audit.audit_place import AuditPlace, PlaceDep
from app.web.pages.audit.permalink import details_shown, event_named, row_shown
from app.web.pages.event_rows import Row
from app.web.pages.live.live_filter import KIND_WORDS
from app.web.pages.templating import render
from app.web.requests.event_filters import EventListing, events_listed
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

PAGE = 50  # events

router = APIRouter(prefix="/audit", dependencies=[needs(Role.VIEWER)])


@router.get("")
def audit_page(
    request: Request,
    services: ServicesDep,
    place: PlaceDep,
    facets: Annotated[str, Query()] = "",
    first: Annotated[str, Query(alias="from")] = "",
    last: Annotated[str, Query(alias="to")] = "",
) -> Response:
    """A page of the events that a search finds, with the event that is chosen beside it.

    `facets`: whether to count them. The days `from` and `to` become a part of the search.
    """
    if first or last:
        q = query_text.between(place.view.q, first, last)
        return RedirectResponse(place.of(q), status_code=303)
    return shown(request, services, place, counts=bool(facets))


@router.get("/facets")
def facets_part(request: Request, services: ServicesDep, place: PlaceDep) -> HTMLResponse:
    """The facets of a search, with their counts."""
    zone = ZoneInfo(services.settings.timezone)
    facets = _facets(services, place, zone)
    return render(request, "audit_facets.html", facets=facets, place=place, kind_words=KIND_WORDS)


def shown(
    request: Request,
    services: Services,
    place: AuditPlace,
    error: StockpulseError | None = None,
    typed: str = "",
    *,
    counts: bool = False,
) -> HTMLResponse:
    """The page, with an error of a form that was sent from it, and the name typed there."""
    zone = ZoneInfo(services.settings.timezone)
    listing: EventListing | None = None
    wrong: StockpulseError | None = None
    try:
        search = place.search(zone)
        listing = events_listed(services, search, PAGE, place.order, place.cursor, "capped")
    except ReadModelFilling:
        pass
    except (InvalidSearch, InvalidCursor) as refused:
        wrong = refused
    page = listing.page if listing else None
    items = page.items if page else []
    is_first = listing is not None and place.order == "newest" and place.cursor is None
    error = error or wrong
    return render(
        request,
        "audit.html",
        status=error.status if error else 200,
        page="audit",
        place=place,
        views=services.store.views.all("events"),
        error=error.detail if error else None,
        typed=typed,
        may_replace=error is not None and error.code == "view-exists",
        wrong_at=wrong.extra["errors"][0].get("position") if wrong else None,
        chips=query_text.chips(place.view.q),
        periods=query_text.periods(place.view.q, datetime.now(zone).date()),
        rows=[_under_its_day(row_shown(services, event)) for _, event in items],
        total=page.total if page else None,
        next_cursor=page.next_cursor if page else None,
        newest=(items[0][0] if items else "") if is_first else None,
        facets=_facets(services, place, zone) if counts and not wrong else None,
        kind_words=KIND_WORDS,
        chosen=_chosen(services, place),
        missing=bool(place.event),
        back=place.chosen(),
        copy=services.read_model.state,
        filled=filled_share(services.read_model.state),
    )


def _under_its_day(row: Row) -> Row:
    """The row with its time of day: its date is above it."""
    return replace(row, shown_time=row.clock)


def filled_share(copy: CopyState) -> int | None:
    """How much of the events the copy has, in per cent; None if it is not known."""
    events = copy.events
    if not events.expected:
        return None
    return min(99, 100 * events.scanned // events.expected)


def _facets(services: Services, place: AuditPlace, zone: ZoneInfo) -> list[Facet]:
    try:
        return services.read_model.facets(place.search(zone).query)
    except (ReadModelFilling, InvalidSearch):
        return []


def _chosen(services: Services, place: AuditPlace) -> Any:
    if not place.event:
        return None
    try:
        return details_shown(services, event_named(services, place.event))
    except EventNotFound:
        return None
