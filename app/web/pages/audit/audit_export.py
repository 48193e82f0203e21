"""A search is exported as Products are: CSV and NDJSON at once, spreadsheets in the background."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.web.auth.permissions import needs
from app.web.exports.export_file import Dialect, Growing
from app.web.pages.audit.audit_place import AuditPlace, PlaceDep
from app.web.pages.export_form import DIALECT, export_form, send_file
from app.web.pages.forms import Submitted
from app.web.requests.exports.downloads import exporter_of
from app.web.requests.exports.event_exports import EventsExport
from app.web.requests.parameters import ServicesDep
from app.web.requests.queued_route import QueuedRoute
from app.web.services import Services

router = APIRouter(
    prefix="/audit/export", route_class=QueuedRoute, dependencies=[needs(Role.VIEWER)]
)


@router.get("")
def export_page(request: Request, services: ServicesDep, place: PlaceDep) -> HTMLResponse:
    """The search's formats, and the caller's exports."""
    try:
        total = _export(services, place).page(1, totals="capped").page.total
    except ReadModelFilling:
        total = None
    return export_form(request, services, "audit", "change", place, total)


@router.post("")
def start(request: Request, services: ServicesDep, place: PlaceDep) -> Response:
    """Start a spreadsheet with the events that the search finds."""
    order = _export(services, place).file("xlsx", Dialect())
    services.exports.add(exporter_of(request), order)
    return RedirectResponse(place.export(), status_code=303)


@router.get("/file")
async def send(
    request: Request,
    services: ServicesDep,
    place: PlaceDep,
    form: Annotated[Growing, Query(alias="format")],
) -> Response:
    """Send the events that the search finds as a file."""
    return await send_file(request, _export(services, place).chunks(form, DIALECT), form, "events")


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted, place: PlaceDep) -> Response:
    """Delete an export."""
    services.exports.drop(exporter_of(request), fields.get("id", ""))
    return RedirectResponse(place.export(), status_code=303)


def _export(services: Services, place: AuditPlace) -> EventsExport:
    return EventsExport(services, place.search(ZoneInfo(services.settings.timezone)), place.order)
