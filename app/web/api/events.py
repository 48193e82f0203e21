"""Events over REST: one endpoint returns a page, or streams with `Accept: text/event-stream`."""

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.broker.subscription import TooManyStreams
from app.core.errors import EventNotFound, InvalidCursor, ProductGone, ProductNotFound
from app.core.events import cloud_event, rfc3339
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.events.event_query import Order
from app.readmodel.events.qualifiers import InvalidSearch
from app.readmodel.products.product_lists import Totals
from app.store.feed.cursor import parse_cursor
from app.web.api.event_stream import stream
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import (
    InvalidRequest,
    TooManyExports,
    TooManyOfYourExports,
    TooManyOfYourStreams,
)
from app.web.exports.export_file import Dialect
from app.web.exports.export_models import BOM, SAFE
from app.web.middleware.rate_limits import account_of
from app.web.requests.event_filters import EventSearchDep
from app.web.requests.exports.downloads import accepted_format, download, page_as
from app.web.requests.exports.event_exports import EventsExport
from app.web.requests.parameters import (
    EventID,
    Limit,
    ListLimit,
    PageCursor,
    PathProductID,
    ServicesDep,
    event_ref,
)
from app.web.requests.responses import json_response, page_response
from app.web.requests.strict_route import StrictRoute
from app.web.schemas.event_pages import EventPageOut, ProductEventPageOut, filling_out
from app.web.schemas.outputs import CloudEventOut

router = APIRouter(
    prefix="/v1", tags=["events"], route_class=StrictRoute, dependencies=[needs(Role.VIEWER)]
)


_TOTAL = (
    "Whether to count the events: `capped` counts up to 10,000, `exact` counts all, which takes "
    "longer."
)
_ORDER = "Whether the newest events come first, or the oldest; the default with `after`."


@router.get(
    "/events",
    response_model=EventPageOut,
    responses=error_responses(
        InvalidCursor,
        InvalidSearch,
        ReadModelFilling,
        TooManyStreams,
        TooManyOfYourStreams,
        TooManyExports,
        TooManyOfYourExports,
    )
    | {
        200: {
            "description": "A page of events, all of them as CSV or NDJSON, or the live stream "
            "(see `/v1/asyncapi.json`).",
            "content": {
                media: {"schema": {"type": "string"}}
                for media in ("text/event-stream", "text/csv", "application/x-ndjson")
            },
        }
    },
)
async def list_events(
    request: Request,
    services: ServicesDep,
    search: EventSearchDep,
    order: Annotated[Order | None, Query(description=_ORDER)] = None,
    total: Annotated[Totals, Query(description=_TOTAL)] = "none",
    limit: ListLimit = None,
    cursor: PageCursor = None,
    safe: Annotated[bool, Query(description=SAFE)] = True,  # noqa: FBT002 - a query parameter
    bom: Annotated[bool, Query(description=BOM)] = False,  # noqa: FBT002 - a query parameter
    after: Annotated[
        str | None,
        Query(
            description="Return only events that arrived after this event cursor, oldest first. "
            "For the live stream: where to start."
        ),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            description="For the live stream: the id of the last message that you received. "
            "Takes precedence over `after`."
        ),
    ] = None,
) -> Response:
    """List or stream events.

    Returns a page of the events that meet all conditions, newest first; with `after`, oldest first.
    Each event is listed once, at its first arrival. `as_of` says how old the page is at most.

    While the server reads the events after its start, `filling` says how far it is. Until then,
    `kind`, `reason`, `product_id`, `category`, `actor`, `min_delta` and `outside` work, but a page
    can be short of `limit`, or empty, and lists an event that arrived again after a crash twice:
    follow `next_cursor`, and drop events whose `id` you already have. Other conditions get 503.

    With `Accept: text/event-stream` it streams events as they arrive (server-sent events), starting
    after `Last-Event-ID` or `after`. The stream has the filters `kind`, `reason`, `product_id`,
    `category`, `actor`, `min_delta` and `outside`.

    With `Accept: text/csv` or `application/x-ndjson` the response has all events of the list (those
    after `cursor`), and is made while it is sent, as for products. With `limit` it is a page.
    """
    _check_cursor("header:last-event-id", last_event_id or None)
    _check_cursor("?after", after)
    if "text/event-stream" in request.headers.get("accept", ""):
        if not search.only_live:
            raise InvalidRequest(
                "The live stream has the filters kind, reason, product_id, category, actor, "
                "min_delta and outside only. Filter by other conditions when you receive events."
            )
        identity, account = identity_of(request), account_of(request.scope)
        return stream(
            services.broker,
            last_event_id or after,
            search.live,
            lambda end: services.access.stream_revocation.end_when_invalid(identity, end),
            services.access.stream_quota.hold(account),
            account,
        )
    first = order or ("newest" if after is None else "oldest")
    export = EventsExport(services, search, first, after)
    form = accepted_format(request)
    if form is None:
        return await run_in_threadpool(_json_page, request, export, limit or 50, cursor, total)
    dialect, headers = Dialect(safe=safe, bom=bom), export.freshness()
    if limit is None:
        return await download(request, export.chunks(form, dialect, cursor), form, headers)

    def one_page() -> Response:
        page = export.page(limit, cursor).page
        events = [event for _, event in page.items]
        return page_as(form, dialect, request, export.rows, events, page.next_cursor, headers)

    return await run_in_threadpool(one_page)


def _json_page(
    request: Request, export: EventsExport, limit: int, cursor: str | None, total: Totals
) -> Response:
    listing = export.page(limit, cursor, total)
    items = [
        {**cloud_event(event, export.services.about.products_table), "cursor": at}
        for at, event in listing.page.items
    ]
    return page_response(
        request,
        items,
        listing.page.next_cursor,
        total=None if listing.page.total is None else asdict(listing.page.total),
        as_of=rfc3339(listing.as_of.replace(microsecond=0)),
        filling=None if listing.filling is None else filling_out(listing.filling),
    )


@router.get(
    "/events/{event_id}",
    response_model=CloudEventOut,
    response_description="The event.",
    responses=error_responses(EventNotFound),
)
def get_event(event_id: EventID, services: ServicesDep) -> Response:
    """Retrieve an event.

    The response contains the full images, also where the stream and pages omit them.
    """
    ref = event_ref(event_id)
    event = services.store.timeline.event(ref)
    return json_response(cloud_event(event, services.about.products_table))


@router.get(
    "/products/{product_id}/events",
    response_model=ProductEventPageOut,
    response_description="A page of the product's events.",
    responses=error_responses(InvalidCursor, ProductNotFound),
)
def list_product_events(
    product_id: PathProductID,
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List a product's events.

    Returns the product's history, newest first, each event once. The history of a deleted product
    remains. A page can be short of `limit` even if there are more events: follow `next_cursor`.
    """
    page = services.store.timeline.history(product_id, limit, cursor)
    if not page.items and cursor is None:
        with suppress(ProductGone):
            services.store.products.get(product_id)
    items = [
        cloud_event(event, services.about.products_table)
        | ({"void": event.event_key in page.void} if event.kind == "reconciled" else {})
        for event in page.items
    ]
    return page_response(request, items, page.next_cursor)


def _check_cursor(pointer: str, cursor: str | None) -> None:
    """Reject what is not an event cursor; the error names the parameter (`pointer`)."""
    try:
        if cursor is not None:
            parse_cursor(cursor)
    except InvalidCursor as error:
        raise InvalidCursor(
            error.detail, extra={"errors": [{"pointer": pointer, "detail": "unknown cursor"}]}
        ) from None
