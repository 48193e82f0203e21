"""The Alerts page: a tab of products that need attention, and where a product is among them."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.pages.alerts.alert_actions import SNOOZES
from app.web.pages.alerts.alert_board import order_text
from app.web.pages.alerts.alert_place import DAYS, TABS, PlaceDep
from app.web.pages.alerts.board_reader import MOST, BoardReader
from app.web.pages.forms import NamedProduct
from app.web.pages.products.saving import done as marked
from app.web.pages.products.saving import done_of
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

router = APIRouter(prefix="/alerts", dependencies=[needs(Role.VIEWER)])


@router.get("")
def alerts_page(request: Request, services: ServicesDep, place: PlaceDep) -> HTMLResponse:
    """A page of a tab, with what the last form did."""
    head = services.broker.head  # before the read: the stream tells of everything later
    board = BoardReader(services).board(place)
    done = done_of(request)
    now, zone = datetime.now(UTC), ZoneInfo(services.settings.timezone)
    return render(
        request,
        "alerts.html",
        page="alerts",
        cursor=head,
        place=place,
        tabs=TABS,
        board=board,
        most=MOST,
        done=done,
        done_name=_name(services, done.product_id),
        days_offered=DAYS,
        snoozes=SNOOZES,
        order_text=order_text,
        at=lambda moment: moment.astimezone(zone).strftime("%a %-d %b, %H:%M"),
        today=now.astimezone(zone).strftime("%A %-d %B %Y"),
    )


@router.get("/product")
def product_alert(services: ServicesDep, product_id: NamedProduct) -> Response:
    """Lead to the tab and the page that has a product's alert."""
    place = BoardReader(services).find(product_id)
    if place is None:
        return marked(services, f"{services.settings.base_path}/alerts", "none", product_id)
    return marked(services, place.here(), "", product_id)


def _name(services: Services, product_id: str) -> str:
    """The name of the product that a form was about, as far as it is known."""
    if product_id:
        with suppress(StockpulseError):
            for product in services.read_model.some([product_id]):
                return product.name or product_id
    return product_id
