"""The Analytics page: a GET form, four figures, and tables from which the script draws charts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.trends.periods import start_of
from app.readmodel.trends.rankings import Measure
from app.web.auth.permissions import needs
from app.web.errors import InvalidRequest
from app.web.pages.analytics.analytics_place import (
    MEASURES,
    RANGES,
    USUAL,
    AnalyticsPlace,
    NamedRange,
    ShownPeriod,
    shown_period,
)
from app.web.pages.analytics.bucket_labels import labels_of, span_text
from app.web.pages.analytics.movement_groups import by_unit
from app.web.pages.analytics.panels import (
    AuditLinks,
    CountRow,
    MovementPanel,
    ValueRow,
    count_rows,
    movement_panel,
    value_rows,
)
from app.web.pages.analytics.period_change import (
    FigureTile,
    change_text,
    grouped,
    money,
    number_tile,
    units_tile,
)
from app.web.pages.analytics.ranking_bars import Bar, idle_bars, mover_bars
from app.web.pages.analytics.read_figures import Figures, read_figures
from app.web.pages.audit.audit_page import filled_share
from app.web.pages.event_rows import view_notice
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

CATEGORIES = 100  # in the form; another one can be in the address

router = APIRouter(prefix="/analytics", dependencies=[needs(Role.VIEWER)])


@dataclass(frozen=True, slots=True)
class Panels:
    """What the template shows of the figures."""

    figures: Figures
    tiles: list[FigureTile]
    movement: MovementPanel
    values: list[ValueRow]
    counts: list[CountRow]
    movers: list[Bar]
    idle: list[Bar]
    links: AuditLinks


@router.get("")
def analytics_page(
    request: Request,
    services: ServicesDep,
    range: NamedRange | Literal[""] = USUAL,  # noqa: A002 - the parameter's name
    first: Annotated[str, Query(alias="from", max_length=40)] = "",
    last: Annotated[str, Query(alias="to", max_length=40)] = "",
    category: Annotated[str, Query(max_length=2048)] = "",
    unit: Annotated[str | None, Query(max_length=2048)] = None,
    by: Measure = "sold",
) -> HTMLResponse:
    """The figures of a period: a named range, or the days `from` and `to`."""
    settings, now = services.settings, datetime.now(UTC)
    zone = ZoneInfo(settings.timezone)
    place = AnalyticsPlace(
        path=f"{settings.base_path}/analytics",
        range=range or USUAL,
        first=first,
        last=last,
        category=category,
        unit=unit,
        by=by,
    )
    error: InvalidRequest | None = None
    try:
        shown = shown_period(place, now, zone)
    except InvalidRequest as refused:
        error = refused
        shown = shown_period(place.without_days(), now, zone)
    panels: Panels | None = None
    categories: list[str] = []
    try:
        if error is None:
            panels = _panels(services, place, shown, now)
        categories = services.read_model.categories(CATEGORIES)
    except ReadModelFilling:
        pass
    today = now.astimezone(zone).date()
    first_shown, end_shown = _ends(shown, services)
    first_before, end_before = map(start_of, shown.before)
    copy = services.read_model.state
    return render(
        request,
        "analytics.html",
        status=error.status if error else 200,
        page="analytics",
        place=place,
        error=error.detail if error else None,
        period=shown.period,
        dates=span_text(first_shown, end_shown, zone, today),
        dates_before=span_text(first_before, end_before, zone, today),
        panels=panels,
        categories=categories,
        ranges=RANGES,
        measures=MEASURES,
        today=today,
        copy=copy,
        filled=filled_share(copy),
        view_notice=view_notice(services.about.view_type),
        grouped=grouped,
        money=partial(money, decimals=settings.price_decimals),
    )


def _ends(shown: ShownPeriod, services: Services) -> tuple[datetime, datetime]:
    """When the period begins, and when it ends or up to when its changes are known."""
    first, end = start_of(shown.period.first), start_of(shown.period.end)
    return first, min(end, max(first, services.read_model.as_of()))


def _panels(services: Services, place: AnalyticsPlace, shown: ShownPeriod, now: datetime) -> Panels:
    figures = read_figures(services, place, shown, now)
    period = shown.period
    labels = labels_of(period, now.astimezone(period.zone).date())
    links = AuditLinks(services.settings.base_path, place.category)
    return Panels(
        figures,
        _tiles(figures, services),
        movement_panel(figures.movement, period, labels, place.unit, links),
        value_rows(figures.values, labels, links),
        count_rows(figures.rates, labels, links),
        mover_bars(figures.movers, place.by, figures.movers_period, links),
        idle_bars(figures.not_sold, now, links),
        links,
    )


def _tiles(figures: Figures, services: Services) -> list[FigureTile]:
    before, settings = figures.before, services.settings
    units = by_unit(figures.movement.reasons)
    return [
        units_tile("Units in", units, before.units, "units_in", before.missing),
        units_tile("Units out", units, before.units, "units_out", before.missing),
        number_tile(
            "Changes", sum(rate.events for rate in figures.rates), before.events, before.missing
        ),
        _value_tile(figures, settings.price_decimals, settings.currency),
    ]


def _value_tile(figures: Figures, decimals: int, currency: str) -> FigureTile:
    """The value of the stock at the end of the period, compared with that at its start."""
    (_, first), (_, last) = figures.values[0], figures.values[-1]
    label = f"Stock value, {currency}"
    if last is None:
        return FigureTile(label, "not known", "")
    value = money(last, decimals)
    if first is None:
        return FigureTile(label, value, "no data before")
    return FigureTile(label, value, change_text(last, first, money(first, decimals)))
