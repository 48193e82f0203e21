"""The page of one product, which may be deleted; and of a shard's gaps, which have no product."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import ProductGone, ProductNotFound, StockpulseError
from app.core.events import RESERVED, ChangeEvent
from app.core.numbers import multiplied
from app.core.roles import Role
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.exports.export_file import Growing
from app.web.pages.event_rows import value_text, view_notice
from app.web.pages.export_form import DIALECT, send_file
from app.web.pages.forms import NamedProduct
from app.web.pages.product.field_diffs import FieldDiff, text_of_value, versions_differ
from app.web.pages.product.product_timeline import Timeline, newest_change, timeline_of
from app.web.pages.product.product_view import (
    RANGES,
    TABS,
    ChartRange,
    ProductView,
    Tab,
    moment_of,
    written,
)
from app.web.pages.product.stock_chart import stock_chart
from app.web.pages.products.saving import done_of
from app.web.pages.templating import render
from app.web.requests.event_filters import event_search
from app.web.requests.exports.event_exports import EventsExport
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

_STEPS = 1000  # of the slider

router = APIRouter(prefix="/products/history", dependencies=[needs(Role.VIEWER)])


async def _view(
    product_id: NamedProduct,
    range: Annotated[ChartRange, Query()] = "30d",  # noqa: A002 - the parameter's name
    tab: Annotated[Tab, Query()] = "all",
    at: Annotated[str, Query(max_length=40)] = "",
    day: Annotated[str, Query(max_length=40)] = "",
) -> ProductView:
    return ProductView(product_id=product_id, range=range, tab=tab, at=at.strip(), day=day.strip())


ViewDep = Annotated[ProductView, Depends(_view)]


@dataclass(frozen=True, slots=True)
class PastVersion:
    """The product at a time, and how it differs from now; or why it cannot be shown."""

    at: datetime
    product: Product | None = None
    diffs: tuple[FieldDiff, ...] = ()
    problem: str = ""

    @property
    def is_restorable(self) -> bool:
        """Whether a field of ours differs."""
        return any(diff.field for diff in self.diffs)


@router.get("")
def product_page(
    request: Request,
    services: ServicesDep,
    view: ViewDep,
    cursor: Annotated[str | None, Query()] = None,
    point: Annotated[int | None, Query(ge=0, le=_STEPS)] = None,
    since: Annotated[int, Query(ge=0, le=10**10)] = 0,
    until: Annotated[int, Query(ge=0, le=10**10)] = 0,
) -> Response:
    """The product, its chart and its changes.

    `point` is a place of the slider, between the seconds `since` and `until`: it leads to the page
    with `at` in its address.
    """
    zone, now = ZoneInfo(services.settings.timezone), datetime.now(UTC)
    if point is not None:
        chosen = min(since + (until - since) * point / _STEPS, now.timestamp())
        moment = datetime.fromtimestamp(max(0, chosen), UTC)
        query = view.query(at="" if point == _STEPS else written(moment, zone))
        path = f"{services.settings.base_path}/products/history?{query}#version"
        return RedirectResponse(path, status_code=303)
    at = moment_of("at", view.at, zone, now)
    timeline = timeline_of(services, view, moment_of("day", view.day, zone, now), cursor)
    if view.product_id.startswith(RESERVED):
        return _gaps_page(request, view, timeline, cursor)
    product, gone = _current(services, view.product_id)
    last = None
    if product is None:
        last = timeline.newest or newest_change(services, view.product_id)
        if last is None and not timeline.entries:
            return _unknown_page(request, view.product_id, gone=gone)
    shown = product or _last_known(services, last)
    name = (shown and shown.name) or (last and last.product_name) or view.product_id
    view_type = services.about.view_type
    return render(
        request,
        "product.html",
        page="products",
        view=view,
        ranges=RANGES,
        tabs=TABS,
        product_id=view.product_id,
        product=product,
        shown=shown,
        name=name,
        value=_value(shown, services.settings.price_decimals),
        text_of_value=text_of_value,
        chart=stock_chart(services, view, product, now),
        slider=_STEPS,
        past=None if at is None else _past(services, view.product_id, at, product),
        written=lambda moment: written(moment, zone),
        local=lambda moment: moment.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        zone=services.settings.timezone,
        timeline=timeline,
        place=cursor,
        done=done_of(request),
        view_type=view_type,
        not_shown=view_notice(view_type),
        **_restoring(services, product, last),
    )


@router.get("/file")
async def send(
    request: Request,
    services: ServicesDep,
    product_id: NamedProduct,
    form: Annotated[Growing, Query(alias="format")],
) -> Response:
    """Send the product's changes as a file, newest first."""
    search = await event_search(request, product_id=product_id)
    chunks = EventsExport(services, search, "newest").chunks(form, DIALECT)
    return await send_file(request, chunks, form, "history")


def _current(services: Services, product_id: str) -> tuple[Product | None, bool]:
    """The product, and whether there was one that is gone."""
    try:
        return services.store.products.get(product_id), False
    except ProductNotFound:
        return None, False
    except ProductGone:
        return None, True


def _last_known(services: Services, last: ChangeEvent | None) -> Product | None:
    """The deleted product as it was last, if its deletion shows that."""
    image = None if last is None else last.before
    return None if image is None else services.store.past.product_in(image)


def _value(product: Product | None, decimals: int) -> str | None:
    """Stock times price; None without one of them."""
    if product is None or product.stock is None or product.price is None:
        return None
    return value_text(multiplied(product.stock, product.price), decimals)


def _past(services: Services, product_id: str, at: datetime, now: Product | None) -> PastVersion:
    """The version at a time; an error of the audit becomes its text."""
    try:
        then = services.store.past.product(product_id, at)
    except StockpulseError as error:
        if error.status >= 500:
            raise
        return PastVersion(at, problem=error.detail)
    decimals = services.settings.price_decimals
    return PastVersion(at, then, tuple(versions_differ(then, now, decimals)) if now else ())


def _restoring(
    services: Services, product: Product | None, last: ChangeEvent | None
) -> dict[str, Any]:
    """The deletion that a deleted product is restored by, or why it cannot be."""
    if product is not None:
        return {"deletion": None, "no_restore": ""}
    if last is None or last.event_name != "REMOVE":
        return {"deletion": None, "no_restore": "Its deletion is not in its history yet."}
    objection = services.store.reversals.objection(last)
    return {"deletion": None if objection else last, "no_restore": objection}


def _unknown_page(request: Request, product_id: str, *, gone: bool) -> HTMLResponse:
    return render(
        request,
        "product_unknown.html",
        status=410 if gone else 404,
        page="products",
        product_id=product_id,
        gone=gone,
    )


def _gaps_page(
    request: Request, view: ProductView, timeline: Timeline, cursor: str | None
) -> HTMLResponse:
    """The gaps of a whole shard; an item of another program under this id is not theirs."""
    if not timeline.entries and cursor is None:
        raise ProductNotFound("No gap is recorded under this name.")
    return render(
        request,
        "shard_gaps.html",
        page="products",
        shard=view.product_id.rpartition("#")[2],
        view=view,
        timeline=timeline,
        place=cursor,
    )
