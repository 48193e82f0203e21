"""An event has a page of its own for ever; it is read from the store, so it may be of any age."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.core.errors import EventNotFound
from app.core.events import ChangeEvent
from app.core.paths import name_in_events
from app.core.roles import Role
from app.store.access.saved_views import View
from app.web.auth.permissions import needs
from app.web.pages.audit.audit_place import AuditPlace, PlaceDep
from app.web.pages.audit.event_details import EventDetails, details_of
from app.web.pages.event_rows import Row, row_of
from app.web.pages.rows.stock_level import level_names
from app.web.pages.templating import render
from app.web.pages.undo_page import undone_by
from app.web.requests.parameters import EventID, ServicesDep, event_ref
from app.web.services import Services

router = APIRouter(prefix="/audit", dependencies=[needs(Role.VIEWER)])


@router.get("/event")
def event_part(request: Request, services: ServicesDep, place: PlaceDep) -> HTMLResponse:
    """The chosen event as it is beside the list."""
    details = details_shown(services, event_named(services, place.event))
    return render(
        request,
        "audit_event.html",
        place=place,
        chosen=details,
        back=place.chosen(),
        beside=True,
    )


@router.get("/{event_id}")
def event_page(request: Request, services: ServicesDep, event_id: EventID) -> HTMLResponse:
    """One event."""
    place = AuditPlace(f"{services.settings.base_path}/audit", View("", "", "newest"))
    details = details_shown(services, event_named(services, event_id))
    return render(
        request,
        "audit_event_page.html",
        page="audit",
        place=place,
        chosen=details,
        back=place.permalink(event_id),
    )


def event_named(services: Services, event_id: str) -> ChangeEvent:
    """The event with this id.

    Raises:
        EventNotFound: there is none, or none any more.

    """
    try:
        return services.store.timeline.event(event_ref(event_id))
    except EventNotFound:
        days = services.settings.audit_retention_days
        expired = f", or it is older than the {days} days that changes are kept" if days else ""
        raise EventNotFound(
            f"No change has this address{expired}. Check the address, or look for the change on "
            "the Audit page."
        ) from None


def row_shown(services: Services, event: ChangeEvent) -> Row:
    """The event's row as the pages show it."""
    settings = services.settings
    return row_of(
        event,
        ZoneInfo(settings.timezone),
        name_in_events(settings.stock_attribute),
        level_names(settings.attributes),
    )


def details_shown(services: Services, event: ChangeEvent) -> EventDetails:
    """The event's details as the pages show them."""
    objection = services.store.reversals.objection(event)
    return details_of(
        event,
        row_shown(services, event),
        services.about.products_table,
        services.settings.metadata_attribute,
        objection,
        None if objection else undone_by(services, event),
    )
