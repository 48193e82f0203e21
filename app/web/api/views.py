"""Saved views over REST: everyone sees them, editors change them."""

from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Request, Response

from app.core.roles import Role
from app.readmodel.events.qualifiers import InvalidSearch, parse
from app.store.access.saved_views import (
    InvalidViewName,
    TooManyViews,
    View,
    ViewChanged,
    ViewNotFound,
)
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.parameters import ServicesDep, json_body
from app.web.requests.product_filters import query_in
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.view_models import ViewOut, ViewPageOut, ViewRequest, view_out

router = APIRouter(prefix="/v1/views", tags=["views"], route_class=StrictRoute)

_VIEWER, _EDITOR = [needs(Role.VIEWER)], [needs(Role.EDITOR)]


async def _view_name(name: Annotated[str, Path(description="The view's name.")]) -> str:
    return unquote(name)


ViewName = Annotated[str, Depends(_view_name)]


@router.get(
    "",
    response_model=ViewPageOut,
    response_description="All saved views.",
    dependencies=_VIEWER,
)
def list_views(services: ServicesDep) -> Response:
    """List saved views.

    Returns all saved views, by name. The Audit page shows one of events at `/audit?view=NAME`, the
    Products page one of products at `/products?` and its `q`.
    """
    items = [view_out(view) for view in services.store.views.all()]
    return json_response({"items": items, "next_cursor": None})


@router.get(
    "/{name}",
    response_model=ViewOut,
    response_description="The view.",
    responses=error_responses(ViewNotFound),
    dependencies=_VIEWER,
)
def get_view(name: ViewName, services: ServicesDep) -> Response:
    """Retrieve a saved view."""
    return json_response(view_out(services.store.views.get(name)))


@router.put(
    "/{name}",
    response_model=ViewOut,
    response_description="The saved view.",
    responses=error_responses(InvalidViewName, InvalidSearch, TooManyViews, ViewChanged),
    dependencies=[needs(Role.EDITOR, json_body)],
)
def put_view(
    name: ViewName, body: ViewRequest, request: Request, services: ServicesDep
) -> Response:
    """Save a view.

    Saves a search of events or of products under a name, or replaces the one with this name. The
    change is in the admin log.
    """
    if body.kind == "products":
        query_in(body.q, "/q")
    else:
        parse(body.q, ZoneInfo(services.settings.timezone), "/q")
    view = View(name, body.q, body.order, body.kind)
    return json_response(view_out(services.store.views.put(view, actor_of(request))))


@router.delete(
    "/{name}",
    status_code=204,
    response_description="The view is deleted.",
    responses=error_responses(ViewNotFound, ViewChanged),
    dependencies=_EDITOR,
)
def delete_view(name: ViewName, request: Request, services: ServicesDep) -> Response:
    """Delete a saved view."""
    services.store.views.delete(name, actor_of(request))
    return Response(status_code=204)
