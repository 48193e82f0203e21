"""Forms that change a draft as a whole, or remove a line of it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.pages.forms import Submitted
from app.web.pages.stocktake.take_page import Place, of_fields, refused, to_place
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of

router = APIRouter(
    prefix="/stock-take", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)


@router.post("/remove")
def remove(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Remove the line of a product."""
    draft, product = fields.get("draft", ""), fields.get("product", "")
    try:
        services.store.stocktakes.set_line(draft, product, actor_of(request), lambda _: None)
    except StockpulseError as error:
        return refused(request, services, of_fields(fields), error)
    return to_place(services, Place(draft))


@router.post("/name")
def name(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Give a draft another name."""
    place = of_fields(fields)
    try:
        services.store.stocktakes.rename(
            place.draft, fields.get("list_name", ""), actor_of(request)
        )
    except StockpulseError as error:
        return refused(request, services, place, error)
    return to_place(services, Place(place.draft))


@router.post("/discard")
def discard(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete a draft of which nothing is committed, unless others have changed it since."""
    seen = fields.get("seen", "")
    version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    try:
        services.store.stocktakes.discard(fields.get("draft", ""), version, actor_of(request))
    except StockpulseError as error:
        return refused(request, services, of_fields(fields), error)
    return to_place(services, Place(mode=fields.get("mode", "")))
