"""Trends over REST; the read model answers them, once it has all events."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from app.core.errors import InvalidCursor
from app.core.events import Reason
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.trends import series
from app.readmodel.trends.rankings import Measure, TrendPage, Window
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.parameters import Limit, PageCursor, ServicesDep
from app.web.requests.periods import PeriodDep
from app.web.requests.responses import json_response, page_response
from app.web.requests.strict_route import StrictRoute
from app.web.schemas.analytics_models import (
    EventRateOut,
    MovementOut,
    ProductTrendPageOut,
    StockValueOut,
    known_out,
    movement_out,
    rates_out,
    series_out,
    trend_out,
    values_out,
)

router = APIRouter(
    prefix="/v1/analytics",
    tags=["analytics"],
    route_class=StrictRoute,
    dependencies=[needs(Role.VIEWER)],
)

_FILLING = error_responses(ReadModelFilling)
_LIST = error_responses(ReadModelFilling, InvalidCursor)
_WINDOWS: dict[str, Window] = {"7d": 7, "30d": 30, "90d": 90}

Category = Annotated[
    str | None,
    Query(description="Only products of this category; if it is empty, those without one."),
]


@router.get(
    "/movement",
    response_model=MovementOut,
    response_description="The movement.",
    responses=_FILLING,
)
def get_movement(
    services: ServicesDep,
    period: PeriodDep,
    category: Category = None,
    reason: Annotated[
        Reason | None, Query(description="Only changes that were made for this reason.")
    ] = None,
) -> Response:
    """Retrieve movement.

    Returns the units that came in and went out: in each bucket, and in the period by reason and by
    category. Stock changes move stock, and so do new products, with their first stock, and deleted
    ones, with their last. Gaps and `reconciled` events do not count.
    """
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        found = series.movement(connection, period, category, reason)
        known = _known(connection, as_of)
    return json_response(series_out(period, known, **movement_out(period, found)))


@router.get(
    "/event-rate",
    response_model=EventRateOut,
    response_description="The event rate.",
    responses=_FILLING,
)
def get_event_rate(services: ServicesDep, period: PeriodDep, category: Category = None) -> Response:
    """Retrieve the event rate.

    Returns how many events there were in each bucket, of each kind and made outside Stockpulse.
    """
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        rates = series.event_rate(connection, period, category)
        known = _known(connection, as_of)
    return json_response(series_out(period, known, **rates_out(period, rates)))


@router.get(
    "/stock-value",
    response_model=StockValueOut,
    response_description="The stock value.",
    responses=_FILLING,
)
def get_stock_value(
    services: ServicesDep, period: PeriodDep, category: Category = None
) -> Response:
    """Retrieve the stock value.

    Returns the value of all stock over time: stock times price. It starts from the products as
    they are now and goes back through the changes of stock and price. A product that changed its
    category counted where it was at the time.
    """
    as_of, now = services.read_model.as_of(), datetime.now(UTC)
    with services.read_model.figures() as connection:
        points, _ = series.stock_value(connection, period, now, category)
        known = _known(connection, as_of)
    values = values_out(points, services.settings.currency)
    return json_response(series_out(period, known, **values))


@router.get(
    "/top-movers",
    response_model=ProductTrendPageOut,
    response_description="A page of products.",
    responses=_LIST,
)
def list_top_movers(
    request: Request,
    services: ServicesDep,
    range: Annotated[  # noqa: A002 - the parameter's name
        Literal["7d", "30d", "90d"],
        Query(description="The last days of `STOCKPULSE_TIMEZONE`, today included."),
    ] = "30d",
    by: Annotated[
        Measure, Query(description="The units to sort by; `moved` are those in and out.")
    ] = "sold",
    category: Category = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List top movers.

    Returns the products that moved the most units, deleted products too.
    """
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        page = services.read_model.rankings.top_movers(
            connection, datetime.now(UTC), _WINDOWS[range], by, category, limit, cursor
        )
        known = _known(connection, as_of)
    return _page(request, page, known)


@router.get(
    "/not-sold",
    response_model=ProductTrendPageOut,
    response_description="A page of products.",
    responses=_LIST,
)
def list_not_sold(
    request: Request,
    services: ServicesDep,
    days: Annotated[
        int, Query(ge=1, le=3650, description="For how many days they were not sold.")
    ] = 90,
    category: Category = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List products not sold.

    Returns the products in stock that had no sale for so many days: first those never sold, then
    those not sold for longest. A sale is a stock change with the reason `sold`. A product that was
    created later than that is left out. The units are those of the last 90 days.
    """
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        page = services.read_model.rankings.not_sold(
            connection, datetime.now(UTC), days, category, limit, cursor
        )
        known = _known(connection, as_of)
    return _page(request, page, known)


@router.get(
    "/days-left",
    response_model=ProductTrendPageOut,
    response_description="A page of products.",
    responses=_LIST,
)
def list_days_left(
    request: Request,
    services: ServicesDep,
    category: Category = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List products by the days that they last.

    Returns the products that were sold within 30 days, those first whose stock ends first if they
    are sold as before. The units are those of the last 30 days.
    """
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        page = services.read_model.rankings.days_left(
            connection, datetime.now(UTC), category, limit, cursor
        )
        known = _known(connection, as_of)
    return _page(request, page, known)


def _known(connection: sqlite3.Connection, as_of: datetime) -> dict[str, Any]:
    return known_out(series.recorded_since(connection), series.known_since(connection), as_of)


def _page(request: Request, page: TrendPage, known: dict[str, Any]) -> Response:
    items = [trend_out(item) for item in page.items]
    return page_response(request, items, page.next_cursor, **known)
