"""Events over REST: the same address gives a page, or with `Accept: text/event-stream` the feed."""

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
from app.web.contract.refusals import refusals
from app.web.errors import TooManyOfYourStreams
from app.web.middleware.rate_limits import account_of
from app.web.requests.parameters import Limit, PageCursor, PathProductID, ServicesDep, event_ref
from app.web.requests.responses import json_answer, page_answer
from app.web.requests.strict_route import StrictRoute
from app.web.schemas.outputs import CloudEventOut, EventPageOut
from app.web.services import Services

router = APIRouter(
    prefix="/v1", tags=["events"], route_class=StrictRoute, dependencies=[needs(Role.VIEWER)]
)


async def _wanted(
    kind: Annotated[list[Kind] | None, Query(description="Kinds of change; repeatable.")] = None,
    product_id: Annotated[str | None, Query(description="One product.")] = None,
    category: Annotated[str | None, Query(description="One category.")] = None,
    actor: Annotated[str | None, Query(description="Who made the change.")] = None,
    min_delta: Annotated[
        int | None, Query(ge=1, description="Least size of a stock change, up or down.")
    ] = None,
) -> Filter:
    return Filter(frozenset(kind or ()), product_id, category, actor, min_delta)


@router.get(
    "/events",
    response_model=EventPageOut,
    responses=refusals(InvalidCursor, TooManyStreams, TooManyOfYourStreams)
    | {
        200: {
            "description": "A page, or the stream (see `/v1/asyncapi.json`).",
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
        str | None, Query(description="Only what came after this event cursor, oldest first.")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="As `after`; it wins.")] = None,
) -> Response:
    """Read events newest first, or follow them live from `after` on (server-sent events)."""
    _check_cursor("header:last-event-id", last_event_id or None)
    _check_cursor("?after", after)
    _check_cursor("?cursor", cursor)
    if "text/event-stream" in request.headers.get("accept", ""):
        identity = identity_of(request)
        return stream(
            services.broker,
            last_event_id or after,
            wanted,
            lambda end: services.access.watch.end_when_invalid(identity, end),
            services.access.places.hold(account_of(request.scope)),
        )
    return await run_in_threadpool(_page, request, services, wanted, limit, cursor, after)


@router.get("/events/{event_id}", response_model=CloudEventOut, responses=refusals(EventNotFound))
def get_event(event_id: str, services: ServicesDep) -> Response:
    """Read one event, with its images however large."""
    ref = event_ref(event_id)
    event = services.store.timeline.event(ref)
    return json_answer(cloud_event(event, services.about.products_table))


@router.get(
    "/products/{product_id}/events",
    response_model=EventPageOut,
    responses=refusals(InvalidCursor),
)
def list_product_events(
    product_id: PathProductID,
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """Read a product's events, newest first; a deleted product keeps them."""
    page = services.store.timeline.history(product_id, limit, cursor)
    items = [
        cloud_event(event, services.about.products_table)
        | ({"void": event.event_key in page.void} if event.kind == "reconciled" else {})
        for event in page.items
    ]
    return page_answer(request, items, page.next_cursor)


def _check_cursor(pointer: str, cursor: str | None) -> None:
    """Refuse what is not a cursor of the feed, and say which of the three it was."""
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
    return page_answer(request, items, page.next_cursor)
