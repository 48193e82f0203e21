"""Trends over REST; the read model answers them, once it has all events."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.types import DecoratedCallable
from pydantic import BaseModel

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
from app.web.services import Services

router = APIRouter(
    prefix="/v1/analytics",
    tags=["analytics"],
    route_class=StrictRoute,
    dependencies=[needs(Role.VIEWER)],
)

_WINDOWS: dict[str, Window] = {"7d": 7, "30d": 30, "90d": 90}

Category = Annotated[
    str | None,
    Query(description="Only products of this category; if it is empty, those without one."),
]


def _series(
    name: str, model: type[BaseModel], described: str
) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """The decorator for figures over time."""
    return router.get(
        f"/{name}",
        response_model=model,
        response_description=described,
        responses=error_responses(ReadModelFilling),
    )


def _ranking(name: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """The decorator for a list of products."""
    return router.get(
        f"/{name}",
        response_model=ProductTrendPageOut,
        response_description="A page of products.",
        responses=error_responses(ReadModelFilling, InvalidCursor),
    )


@contextmanager
def _figures(services: Services) -> Iterator[tuple[sqlite3.Connection, dict[str, Any]]]:
    """A connection for one answer, and of which time its figures know every change."""
    as_of = services.read_model.as_of()
    with services.read_model.figures() as connection:
        recorded, known = series.recorded_since(connection), series.known_since(connection)
        yield connection, known_out(recorded, known, as_of)


@_series("movement", MovementOut, "The movement.")
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
    with _figures(services) as (connection, known):
        found = series.movement(connection, period, category, reason)
    return json_response(series_out(period, known, **movement_out(period, found)))


@_series("event-rate", EventRateOut, "The event rate.")
def get_event_rate(services: ServicesDep, period: PeriodDep, category: Category = None) -> Response:
    """Retrieve the event rate.

    Returns how many events there were in each bucket, of each kind and made outside Stockpulse.
    """
    with _figures(services) as (connection, known):
        rates = series.event_rate(connection, period, category)
    return json_response(series_out(period, known, **rates_out(period, rates)))


@_series("stock-value", StockValueOut, "The stock value.")
def get_stock_value(
    services: ServicesDep, period: PeriodDep, category: Category = None
) -> Response:
    """Retrieve the stock value.

    Returns the value of all stock over time: stock times price. It starts from the products as
    they are now and goes back through the changes of stock and price. A product that changed its
    category counted where it was at the time.
    """
    with _figures(services) as (connection, known):
        points, _ = series.stock_value(connection, period, datetime.now(UTC), category)
    values = values_out(points, services.settings.currency)
    return json_response(series_out(period, known, **values))


@_ranking("top-movers")
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
    with _figures(services) as (connection, known):
        page = services.read_model.rankings.top_movers(
            connection, datetime.now(UTC), _WINDOWS[range], by, category, limit, cursor
        )
    return _page(request, page, known)


@_ranking("not-sold")
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
    with _figures(services) as (connection, known):
        page = services.read_model.rankings.not_sold(
            connection, datetime.now(UTC), days, category, limit, cursor
        )
    return _page(request, page, known)


@_ranking("days-left")
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
    with _figures(services) as (connection, known):
        page = services.read_model.rankings.days_left(
            connection, datetime.now(UTC), category, limit, cursor
        )
    return _page(request, page, known)


def _page(request: Request, page: TrendPage, known: dict[str, Any]) -> Response:
    items = [trend_out(item) for item in page.items]
    return page_response(request, items, page.next_cursor, **known)
