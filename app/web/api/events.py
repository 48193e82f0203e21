"""Events over REST: one endpoint returns a page, or streams with `Accept: text/event-stream`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.broker.filters import Filter, topic_of
from app.broker.subscription import TooManyStreams
from app.core.errors import EventNotFound, InvalidCursor
from app.core.events import ChangeEvent, Kind, cloud_event
from app.core.roles import Role
from app.store.feed.cursor import parse_cursor
from app.web.api.event_stream import stream
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import TooManyOfYourStreams
from app.web.middleware.rate_limits import account_of
from app.web.requests.parameters import (
    EventID,
    Limit,
    PageCursor,
    PathProductID,
    ServicesDep,
    event_ref,
)
from app.web.requests.responses import json_response, page_response
from app.web.requests.strict_route import StrictRoute
from app.web.schemas.fields import Quantity
from app.web.schemas.outputs import CloudEventOut, EventPageOut
from app.web.services import Services

router = APIRouter(
    prefix="/v1", tags=["events"], route_class=StrictRoute, dependencies=[needs(Role.VIEWER)]
)


async def _wanted(
    kind: Annotated[
        list[Kind] | None,
        Query(description="Return only events of this kind. Repeat it for several kinds."),
    ] = None,
    product_id: Annotated[
        str | None, Query(description="Return only events of this product.")
    ] = None,
    category: Annotated[
        str | None, Query(description="Return only events of products in this category.")
    ] = None,
    actor: Annotated[
        str | None, Query(description="Return only changes made by this key or person.")
    ] = None,
    min_delta: Annotated[
        Quantity | None,
        Query(
            gt=0,
            description="Return only stock changes of at least this many units, up or down.",
        ),
    ] = None,
) -> Filter:
    return Filter(frozenset(kind or ()), product_id, category, actor, min_delta)


@router.get(
    "/events",
    response_model=EventPageOut,
    responses=error_responses(InvalidCursor, TooManyStreams, TooManyOfYourStreams)
    | {
        200: {
            "description": "A page of events, or the live stream (see `/v1/asyncapi.json`).",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def list_events(
    request: Request,
    services: ServicesDep,
    wanted: Annotated[Filter, Depends(_wanted)],
    limit: Limit = 50,
    cursor: PageCursor = None,
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

    Returns a page of events, newest first; with `after`, oldest first. With `Accept:
    text/event-stream` it streams events as they arrive (server-sent events), starting after
    `Last-Event-ID` or `after`. The filters apply to pages and to the stream.

    A page can be short of `limit` even if there are more events: follow `next_cursor`. An event
    that arrived again after a crash is listed at its first arrival only, unless that lies far back;
    with `after` it is returned again. Drop events whose `id` you already have.
    """
    _check_cursor("header:last-event-id", last_event_id or None)
    _check_cursor("?after", after)
    _check_cursor("?cursor", cursor)
    if "text/event-stream" in request.headers.get("accept", ""):
        identity, account = identity_of(request), account_of(request.scope)
        return stream(
            services.broker,
            last_event_id or after,
            wanted,
            lambda end: services.access.stream_revocation.end_when_invalid(identity, end),
            services.access.stream_quota.hold(account),
            account,
        )
    return await run_in_threadpool(_page, request, services, wanted, limit, cursor, after)


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
    response_model=EventPageOut,
    response_description="A page of the product's events.",
    responses=error_responses(InvalidCursor),
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


def _page(
    request: Request,
    services: Services,
    wanted: Filter,
    limit: int,
    cursor: str | None,
    after: str | None,
) -> Response:
    def admits(event: ChangeEvent) -> bool:
        return wanted.admits(topic_of(event))

    if after is not None:
        page = services.store.timeline.after(cursor or after, limit, admits)
    else:
        page = services.store.timeline.latest(limit, cursor, admits)
    items = [
        {**cloud_event(event, services.about.products_table), "cursor": str(at)}
        for at, event in page.items
    ]
    return page_response(request, items, page.next_cursor)
