"""The query parameters of a list of events, for the API and the page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from app.broker.filters import Filter, topic_of
from app.core.errors import InvalidCursor
from app.core.events import ChangeEvent, Kind, Reason
from app.readmodel.copy_state import Filling
from app.readmodel.events.bounds import moment
from app.readmodel.events.event_cursor import is_number
from app.readmodel.events.event_lists import EventPage
from app.readmodel.events.event_query import EventQuery, Order, Span, Term
from app.readmodel.events.event_terms import Qualifier
from app.readmodel.events.qualifiers import parse
from app.readmodel.products.product_lists import Totals
from app.store.feed.cursor import parse_cursor
from app.web.errors import InvalidRequest
from app.web.schemas.fields import Quantity
from app.web.services import Services, services_of

Q_LENGTH = 500
_Time = Annotated[str | None, Query(max_length=40)]
_Text = Annotated[str | None, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class EventSearch:
    """Which events are asked for.

    `live`: the filters that the live stream has, too. `only_live`: there are no others.
    """

    query: EventQuery
    live: Filter
    only_live: bool


async def event_search(
    request: Request,
    q: Annotated[
        str,
        Query(
            max_length=Q_LENGTH,
            description="Words and qualifiers, such as `actor:anna -kind:deleted "
            'created:>2026-01-01 "damaged in"`. The qualifiers are `kind`, `actor`, `reason`, '
            "`product`, `category`, `outside`, `reference`, `request`, `created` and `delta`; `-` "
            "excludes what follows. All conditions of the request must be met.",
        ),
    ] = "",
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
    reason: Annotated[
        list[Reason] | None,
        Query(description="Return only changes with this reason. Repeat it for several reasons."),
    ] = None,
    outside: Annotated[
        bool | None,
        Query(
            description="`true`: return only changes that were made outside Stockpulse; `false`: "
            "only others."
        ),
    ] = None,
    reference: Annotated[
        _Text, Query(description="Return only changes with exactly this reference.")
    ] = None,
    request_id: Annotated[
        _Text, Query(description="Return only changes made by the request with this id.")
    ] = None,
    since: Annotated[
        _Time,
        Query(
            description="Return only changes that happened at or after this date or time. Without "
            "an offset it is in the shop's time zone."
        ),
    ] = None,
    until: Annotated[
        _Time, Query(description="Return only changes that happened before this date or time.")
    ] = None,
) -> EventSearch:
    """The search that the parameters describe."""
    zone = ZoneInfo(services_of(request).settings.timezone)
    live = Filter(
        frozenset(kind or ()),
        product_id,
        category,
        actor,
        min_delta,
        frozenset(reason or ()),
        outside,
    )
    given: dict[Qualifier, tuple[str, ...]] = {
        "kind": tuple(kind or ()),
        "product": _one(product_id),
        "category": _one(category),
        "actor": _one(actor),
        "reason": tuple(reason or ()),
        "outside": () if outside is None else (str(outside).lower(),),
    }
    others: dict[Qualifier, tuple[str, ...]] = {
        "reference": _one(reference),
        "request": _one(request_id),
    }
    terms = (Term(name, values) for name, values in (given | others).items() if values)
    query = EventQuery(
        terms=tuple(terms),
        created=(*_since("since", since, zone), *_since("until", until, zone)),
        sizes=() if min_delta is None else (Span(float(min_delta)),),
    )
    only_live = not q.strip() and not query.created and not any(others.values())
    return EventSearch(query & parse(q, zone), live, only_live)


EventSearchDep = Annotated[EventSearch, Depends(event_search)]


@dataclass(frozen=True, slots=True)
class EventListing:
    """A page of events, and the time up to which it has every event.

    `filling`: how far the read model is, if the page comes from the timeline instead.
    """

    page: EventPage
    as_of: datetime
    filling: Filling | None = None


def events_listed(
    services: Services,
    search: EventSearch,
    limit: int,
    order: Order,
    cursor: str | None = None,
    totals: Totals = "none",
    after: str | None = None,
) -> EventListing:
    """A page of the events that are asked for.

    While the read model is filled, filters that the live stream has are answered from the timeline,
    in its own order; the cursor of such a page continues there.

    Raises:
        InvalidCursor: no page of this list in this order returned the cursor.
        ReadModelFilling: only the read model can answer this, and it is not filled yet.
        StoreUnavailable: the events cannot be read now.

    """
    model = services.read_model
    filling = model.state.events
    is_timeline = not filling.filled if cursor is None else not is_number(cursor)
    if is_timeline and search.only_live and order == ("newest" if after is None else "oldest"):
        return EventListing(_timeline(services, search, limit, cursor, after), _now(), filling)
    as_of = model.as_of()
    place = None if after is None else parse_cursor(after)
    return EventListing(model.events(search.query, limit, order, cursor, totals, place), as_of)


def _timeline(
    services: Services, search: EventSearch, limit: int, cursor: str | None, after: str | None
) -> EventPage:
    def admits(event: ChangeEvent) -> bool:
        return search.live.admits(topic_of(event))

    timeline = services.store.timeline
    if cursor is not None:
        _check_place(cursor)
    if after is None:
        page = timeline.latest(limit, cursor, admits)
    else:
        page = timeline.after(cursor or after, limit, admits)
    return EventPage([(str(at), event) for at, event in page.items], page.next_cursor)


def _check_place(cursor: str) -> None:
    try:
        parse_cursor(cursor)
    except InvalidCursor:
        raise InvalidCursor(
            "`cursor` was not returned by a page of this list. Start again without it.",
            extra={"errors": [{"pointer": "?cursor", "detail": "unknown cursor"}]},
        ) from None


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _since(name: str, text: str | None, zone: ZoneInfo) -> tuple[Span, ...]:
    """The span that the parameter `since` or `until` describes."""
    if text is None:
        return ()
    try:
        begins, _ = moment(text, zone)
    except ValueError as error:
        raise InvalidRequest(
            f"{name}: {error}.",
            extra={"errors": [{"pointer": f"?{name}", "detail": str(error)}]},
        ) from None
    return (Span(begins) if name == "since" else Span(below=begins),)


def _now() -> datetime:
    return datetime.now(UTC)
