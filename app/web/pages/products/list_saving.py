"""Searches of products are saved and deleted by forms of their list."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.readmodel.events.qualifiers import InvalidSearch
from app.readmodel.products.product_query import ProductQuery
from app.store.access.saved_views import View
from app.web.auth.permissions import needs
from app.web.pages.forms import Submitted
from app.web.pages.products.list_links import ListLinks, parameters
from app.web.pages.products.products_page import shown
from app.web.requests.parameters import ServicesDep
from app.web.requests.product_filters import query_in
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.view_models import Q_LENGTH
from app.web.services import Services

router = APIRouter(
    prefix="/products/views", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR)]
)


@router.post("")
def save(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Save the search under a name; one that has the name is replaced only if the form says so."""
    query, name = ProductQuery(), fields.get("name", "")
    try:
        query = query_in(fields.get("q", "")[:_LONGEST], "q")
        q = urlencode(parameters(query))
        if len(q) > Q_LENGTH:
            raise InvalidSearch("This search is too long to be saved. Use fewer words.")
        view = View(name, q, "newest", "products")
        services.store.views.put(view, actor_of(request), replace=bool(fields.get("replace")))
    except StockpulseError as error:
        if error.status >= 500:
            raise
        return shown(request, services, query, error=error, typed=name)
    return _to_list(services, query)


@router.post("/delete")
def delete(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Delete a saved search; its list stays on the page."""
    views, name = services.store.views, fields.get("name", "")
    query = query_in(views.get(name, "products").q, "q")
    views.delete(name, actor_of(request))
    return _to_list(services, query)


def _to_list(services: Services, query: ProductQuery) -> Response:
    path = ListLinks(f"{services.settings.base_path}/products", query).page()
    return RedirectResponse(path, status_code=303)


_LONGEST = 8_000  # characters of a query string, in which text is written as %XX
