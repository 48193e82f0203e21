"""The export page offers the shown list as a file, and shows how far spreadsheets are."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.products.product_query import ProductQuery
from app.web.auth.permissions import needs
from app.web.exports.export_file import Dialect, Growing
from app.web.pages.export_form import DIALECT, export_form, send_file
from app.web.pages.forms import Submitted
from app.web.pages.products.list_links import ListLinks
from app.web.requests.exports.downloads import exporter_of
from app.web.requests.exports.product_exports import ProductListing
from app.web.requests.parameters import ServicesDep
from app.web.requests.product_filters import ProductQueryDep, listed
from app.web.requests.queued_route import QueuedRoute
from app.web.services import Services

router = APIRouter(
    prefix="/products/export", route_class=QueuedRoute, dependencies=[needs(Role.VIEWER)]
)


@router.get("")
def export_page(request: Request, services: ServicesDep, query: ProductQueryDep) -> HTMLResponse:
    """The list's formats, and the caller's exports."""
    try:
        total = listed(services, query, 1, totals="capped")[0].total
    except ReadModelFilling:
        total = None
    return export_form(request, services, "products", "product", _links(services, query), total)


@router.post("")
def start(request: Request, services: ServicesDep, query: ProductQueryDep) -> Response:
    """Start a spreadsheet with the list."""
    order = ProductListing(services, query).order("xlsx", Dialect())
    services.exports.add(exporter_of(request), order)
    return RedirectResponse(_links(services, query).export(), status_code=303)


@router.get("/file")
async def send(
    request: Request,
    services: ServicesDep,
    query: ProductQueryDep,
    form: Annotated[Growing, Query(alias="format")],
) -> Response:
    """Send the list as a file."""
    chunks = ProductListing(services, query).chunks(form, DIALECT)
    return await send_file(request, chunks, form, "products")


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete an export."""
    services.exports.drop(exporter_of(request), fields.get("id", ""))
    return RedirectResponse(f"{services.settings.base_path}/products/export", status_code=303)


def _links(services: Services, query: ProductQuery) -> ListLinks:
    return ListLinks(f"{services.settings.base_path}/products", query)
