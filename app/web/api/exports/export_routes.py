"""An export is built in the background: start it, watch its progress, download its file."""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from app.core.errors import IdempotencyKeyReused
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.events.qualifiers import InvalidSearch
from app.readmodel.past.past_lists import PastListsBusy
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import (
    ExportNotFound,
    ExportNotReady,
    ExportTooLarge,
    TooManyExports,
    TooManyOfYourExports,
)
from app.web.exports.export_build import Export, Order
from app.web.exports.export_file import MEDIA_TYPES, Dialect, Format
from app.web.exports.export_models import (
    EventFilters,
    ExportListOut,
    ExportOut,
    ExportRequest,
    ProductFilters,
    export_out,
)
from app.web.requests.event_filters import event_search
from app.web.requests.exports.downloads import exporter_of, file_download
from app.web.requests.exports.event_exports import EventsExport
from app.web.requests.exports.product_exports import ProductListing
from app.web.requests.idempotency import Idempotency, IdempotencyDep
from app.web.requests.parameters import ServicesDep, json_body
from app.web.requests.product_filters import product_query
from app.web.requests.queued_route import turn_of
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.services import Services

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=StrictRoute)

_VIEWER = [needs(Role.VIEWER)]
_NOT_FOUND = error_responses(ExportNotFound)
_FILE = {
    media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for media in MEDIA_TYPES.values()
}
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?")

ExportID = Annotated[str, Path(description="The export's id.")]


@router.post(
    "",
    status_code=202,
    response_model=ExportOut,
    response_description="The export is started.",
    dependencies=[needs(Role.VIEWER, json_body)],
    responses=error_responses(
        ExportTooLarge,
        IdempotencyKeyReused,
        InvalidSearch,
        PastListsBusy,
        ReadModelFilling,
        TooManyOfYourExports,
        TooManyExports,
    ),
)
async def create_export(
    body: ExportRequest, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Start an export.

    Builds a file with all rows of a query in the background. Its progress and its file are at
    `Location`, for an hour. You can have three exports at a time; those of others are not visible.
    A list can also be downloaded at once: `GET /v1/products` and `GET /v1/events` with `Accept:
    text/csv` or `application/x-ndjson`.
    """
    dialect = Dialect(safe=body.safe, bom=body.bom)
    make: Callable[[Format, Dialect], Order]
    if body.of == "events":
        events = body.query if isinstance(body.query, EventFilters) else EventFilters()
        search = await event_search(request, **events.model_dump(exclude={"order"}))
        make = EventsExport(services, search, events.order).file
    else:
        products = body.query if isinstance(body.query, ProductFilters) else ProductFilters()
        query = await product_query(**products.model_dump(exclude={"as_of"}))
        make = ProductListing(services, query, products.as_of).order
    order = partial(make, body.format, dialect)
    async with turn_of(request, f"exports of {exporter_of(request)}"):  # repeats wait for the first
        return await run_in_threadpool(_create, order, request, services, idempotency)


def _create(
    order: Callable[[], Order], request: Request, services: Services, idempotency: Idempotency
) -> Response:
    def started(export: Export) -> Response:
        document = export_out(export, _base(request))
        location = document["file"].removesuffix("/file")
        return json_response(document, status=202, headers={"Location": location})

    once = idempotency.once(started)
    if once is not None:
        once.recall()
    account = exporter_of(request)
    export = services.exports.add(account, order())
    if once is not None:
        try:
            once.record(export)
        except BaseException:
            services.exports.drop(account, export.id)
            raise
    return started(export)


@router.get(
    "",
    response_model=ExportListOut,
    response_description="Your exports.",
    dependencies=_VIEWER,
)
def list_exports(request: Request, services: ServicesDep) -> Response:
    """List your exports.

    Newest first, those of this server process.
    """
    exports = services.exports.of(exporter_of(request))
    items = [export_out(export, _base(request)) for export in exports]
    return json_response({"items": items, "next_cursor": None})


@router.get(
    "/{export_id}",
    response_model=ExportOut,
    response_description="The export.",
    dependencies=_VIEWER,
    responses=_NOT_FOUND,
)
def get_export(export_id: ExportID, request: Request, services: ServicesDep) -> Response:
    """Retrieve an export's progress."""
    export = services.exports.get(exporter_of(request), export_id)
    return json_response(export_out(export, _base(request)))


@router.get(
    "/{export_id}/file",
    response_class=FileResponse,
    dependencies=_VIEWER,
    responses=_NOT_FOUND
    | error_responses(ExportNotReady, TooManyOfYourExports, TooManyExports)
    | {
        200: {"description": "The file.", "content": _FILE},
        206: {"description": "The part of the file that `Range` names.", "content": _FILE},
    },
)
def get_export_file(export_id: ExportID, request: Request, services: ServicesDep) -> Response:
    """Download an export's file.

    The file is deleted a minute after the start of the first download; an interrupted one can be
    continued with `Range` until then.
    """
    account = exporter_of(request)
    with services.exports.downloading(account):  # one that is refused does not begin the minute
        export = services.exports.get(account, export_id)
        path = services.exports.file(account, export_id)
    _ignore_odd_range(request, path.stat().st_size)
    return file_download(request, path, MEDIA_TYPES[export.format], export.filename)


@router.delete(
    "/{export_id}",
    status_code=204,
    response_description="The export was deleted.",
    dependencies=_VIEWER,
    responses=_NOT_FOUND,
)
def delete_export(export_id: ExportID, request: Request, services: ServicesDep) -> Response:
    """Delete an export.

    An export that is being built ends soon.
    """
    services.exports.drop(exporter_of(request), export_id)
    return Response(status_code=204)


def _ignore_odd_range(request: Request, size: int) -> None:
    """Drop a `Range` that is not one part of the file: it gets the whole file (RFC 9110, 14.2)."""
    part = _RANGE.fullmatch(request.headers.get("range", ""))
    if part is None or not int(part[1]) <= int(part[2] or size) or int(part[1]) >= size:
        headers = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
        request.scope["headers"] = headers


def _base(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
