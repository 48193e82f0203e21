"""Searches are saved, renamed and deleted by forms of the Audit page."""

from dataclasses import replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.access.saved_views import View
from app.web.auth.permissions import needs
from app.web.pages.audit.audit_page import shown
from app.web.pages.audit.audit_place import AuditPlace
from app.web.pages.forms import Submitted
from app.web.requests.parameters import ServicesDep
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.view_models import Q_LENGTH
from app.web.services import Services

router = APIRouter(
    prefix="/audit/views", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR)]
)


@router.post("")
def save(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Save the search under a name; one that has the name is replaced only if the form says so."""
    order = "oldest" if fields.get("order") == "oldest" else "newest"
    place = AuditPlace(_path(services), View("", fields.get("q", "")[:Q_LENGTH], order))
    try:
        place.search(ZoneInfo(services.settings.timezone))
        saved = services.store.views.put(
            replace(place.view, name=fields.get("name", "")),
            actor_of(request),
            replace=bool(fields.get("replace")),
        )
    except StockpulseError as error:
        return _refused(request, services, place, error, fields.get("name", ""))
    return _shows(services, saved.name)


@router.post("/rename")
def rename(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Give a saved search another name."""
    name = fields.get("name", "")
    views = services.store.views
    try:
        saved = views.rename(name, fields.get("new_name", ""), actor_of(request))
    except StockpulseError as error:
        if error.status == 404:
            raise
        return _refused(request, services, AuditPlace(_path(services), views.get(name)), error)
    return _shows(services, saved.name)


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete a saved search."""
    services.store.views.delete(fields.get("name", ""), actor_of(request))
    return RedirectResponse(_path(services), status_code=303)


def _refused(
    request: Request,
    services: Services,
    place: AuditPlace,
    error: StockpulseError,
    name: str = "",
) -> Response:
    """The page with the error above it, and the name that was typed.

    Raises:
        StockpulseError: the error, if it is the server's.

    """
    if error.status >= 500:
        raise error
    return shown(request, services, place, error, name)


def _shows(services: Services, name: str) -> Response:
    return RedirectResponse(f"{_path(services)}?{urlencode({'view': name})}", status_code=303)


def _path(services: Services) -> str:
    return f"{services.settings.base_path}/audit"
