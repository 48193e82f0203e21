"""The reorder list is exported as Products are: CSV at once, spreadsheets in the background."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.roles import Role
from app.readmodel.products.product_lists import Total
from app.web.auth.permissions import needs
from app.web.exports.export_build import order_for
from app.web.exports.export_file import PAGE, Dialect, Growing, chunks_of
from app.web.pages.alerts.alert_place import AlertPlace, PlaceDep
from app.web.pages.alerts.board_reader import BoardReader
from app.web.pages.alerts.reorder_list import ReorderLine, reorder_format
from app.web.pages.export_form import DIALECT, export_form, send_file
from app.web.pages.forms import Submitted
from app.web.requests.exports.downloads import exporter_of
from app.web.requests.parameters import ServicesDep
from app.web.requests.queued_route import QueuedRoute
from app.web.services import Services

router = APIRouter(
    prefix="/alerts/export", route_class=QueuedRoute, dependencies=[needs(Role.VIEWER)]
)


@router.get("")
def export_page(request: Request, services: ServicesDep, place: PlaceDep) -> HTMLResponse:
    """The list's formats, and the caller's exports."""
    total = Total(len(_lines(services, place)), exact=True)
    return export_form(request, services, "alerts", "product", place, total)


@router.post("")
def start(request: Request, services: ServicesDep, place: PlaceDep) -> Response:
    """Start a spreadsheet with the list."""
    lines = _lines(services, place)
    order = order_for(reorder_format(), "xlsx", Dialect(), len(lines), lambda: _pages(lines))
    services.exports.add(exporter_of(request), order)
    return RedirectResponse(place.export(), status_code=303)


@router.get("/file")
async def send(
    request: Request,
    services: ServicesDep,
    place: PlaceDep,
    form: Annotated[Growing, Query(alias="format")],
) -> Response:
    """Send the list as a file."""
    rows = reorder_format()

    def chunks() -> Iterator[bytes]:
        yield from chunks_of(rows, form, DIALECT, _pages(_lines(services, place)))

    return await send_file(request, chunks(), form, rows.name)


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete an export."""
    services.exports.drop(exporter_of(request), fields.get("id", ""))
    path = f"{services.settings.base_path}/alerts"
    return RedirectResponse(AlertPlace(path=path, tab="reorder").export(), status_code=303)


def _lines(services: Services, place: AlertPlace) -> list[ReorderLine]:
    return BoardReader(services).lines(place.days)


def _pages(lines: Sequence[ReorderLine]) -> Iterator[Sequence[ReorderLine]]:
    """At least one page, which may be empty."""
    for start in range(0, max(1, len(lines)), PAGE):
        yield lines[start : start + PAGE]
