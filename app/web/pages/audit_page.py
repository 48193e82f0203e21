"""The Audit page searches all events; a search and a saved view have an address each."""

from typing import Annotated, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.broker.filters import EVERYTHING
from app.core.errors import InvalidCursor, StockpulseError
from app.core.paths import name_in_events
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.events.qualifiers import InvalidSearch, parse
from app.store.access.saved_views import View
from app.web.auth.permissions import needs
from app.web.pages.event_rows import row_of
from app.web.pages.forms import Submitted
from app.web.pages.templating import render
from app.web.requests.event_filters import EventListing, EventSearch, events_listed
from app.web.requests.parameters import ServicesDep
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.view_models import Q_LENGTH
from app.web.services import Services

PAGE = 50  # events

router = APIRouter(prefix="/audit", route_class=QueuedRoute, dependencies=[needs(Role.VIEWER)])
_EDITOR = [needs(Role.EDITOR)]


@router.get("")
def audit_page(
    request: Request,
    services: ServicesDep,
    q: Annotated[str, Query(max_length=Q_LENGTH)] = "",
    order: Literal["newest", "oldest", ""] = "",
    view: str = "",
    cursor: Annotated[str | None, Query()] = None,
) -> HTMLResponse:
    """A page of the events that a search finds; `view` is the name of a saved one."""
    shown = services.store.views.get(view) if view else View("", q, order or "newest")
    return _page(request, services, shown, cursor)


@router.post("/views", dependencies=_EDITOR)
def save_view(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Save the search under a name."""
    view = View(fields.get("name", ""), fields.get("q", "")[:Q_LENGTH], _order(fields.get("order")))
    try:
        parse(view.q, ZoneInfo(services.settings.timezone))
        saved = services.store.views.put(view.name, view.q, view.order, actor_of(request))
    except StockpulseError as error:
        if error.status >= 500:
            raise
        return _page(request, services, view, None, error)
    address = f"{services.settings.base_path}/audit?{urlencode({'view': saved.name})}"
    return RedirectResponse(address, status_code=303)


@router.post("/views/delete", dependencies=_EDITOR)
def delete_view(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete a saved view."""
    services.store.views.delete(fields.get("name", ""), actor_of(request))
    return RedirectResponse(f"{services.settings.base_path}/audit", status_code=303)


def _page(
    request: Request,
    services: Services,
    view: View,
    cursor: str | None,
    error: StockpulseError | None = None,
) -> HTMLResponse:
    settings = services.settings
    zone = ZoneInfo(settings.timezone)
    listing: EventListing | None = None
    try:
        listing = _found(services, view, zone, cursor)
    except ReadModelFilling:
        pass
    except (InvalidSearch, InvalidCursor) as wrong:
        error = error or wrong
    page = listing.page if listing else None
    stock = name_in_events(settings.stock_attribute)
    given = {"view": view.name} if view.name and not error else {"q": view.q, "order": view.order}
    return render(
        request,
        "audit.html",
        status=error.status if error else 200,
        page="audit",
        view=view,
        views=services.store.views.all(),
        error=error.detail if error else None,
        rows=[row_of(event, zone, stock) for _, event in page.items] if page else [],
        total=page.total if page else None,
        place=cursor,
        next_cursor=page.next_cursor if page else None,
        address=f"{settings.base_path}/audit?{urlencode(given)}",
        copy=services.read_model.state,
    )


def _found(services: Services, view: View, zone: ZoneInfo, cursor: str | None) -> EventListing:
    query = parse(view.q, zone)
    search = EventSearch(query, EVERYTHING, only_live=not view.q.strip())
    return events_listed(services, search, PAGE, _order(view.order), cursor, "capped")


def _order(text: str | None) -> Literal["newest", "oldest"]:
    return "oldest" if text == "oldest" else "newest"
