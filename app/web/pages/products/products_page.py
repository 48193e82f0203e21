"""The list of products: a page of 50, with what the last form did and a way to undo it."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.errors import StockpulseError
from app.core.events import rfc3339
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.products.product_lists import ProductPage
from app.readmodel.products.product_query import ProductQuery
from app.store.feed.cursor import before
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.pages.forms import REASONS_OF
from app.web.pages.products.list_links import ListLinks
from app.web.pages.products.list_rows import ListRow, list_rows
from app.web.pages.products.saved_lists import saved_lists
from app.web.pages.products.saving import Done, done_of
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.requests.product_filters import ProductQueryDep, listed
from app.web.services import Services

PAGE = 50  # products
CATEGORIES = 100  # in the filter; further ones are found by searching
_LONGEST_LAG = timedelta(seconds=60)

router = APIRouter(prefix="/products", dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_page(
    request: Request,
    services: ServicesDep,
    query: ProductQueryDep,
    cursor: Annotated[str | None, Query()] = None,
) -> HTMLResponse:
    """A page of products."""
    return shown(request, services, query, cursor)


def shown(
    request: Request,
    services: Services,
    query: ProductQuery,
    cursor: str | None = None,
    error: StockpulseError | None = None,
    typed: str = "",
) -> HTMLResponse:
    """The page, with an error of the form that saves its search, and the name typed there."""
    query = replace(query, category=query.category or None)  # the form sends an empty one
    head, now = _cursor(services), rfc3339(datetime.now(UTC))
    model = services.read_model
    state = model.state
    done = done_of(request)
    categories: list[str] = []
    try:
        products, _ = listed(services, query, PAGE, cursor, "capped")
        categories = model.categories(CATEGORIES) if state.filled else []
    except ReadModelFilling:
        products = ProductPage([], None)
    saved_row = _saved_row(services, done, products.items)
    return render(
        request,
        "products.html",
        status=error.status if error else 200,
        page="products",
        cursor=head,
        now=now,
        rows=_rows(services, products.items),
        saved_row=saved_row,
        done_name=_done_name(services, done, products.items, saved_row),
        place=cursor,
        next_cursor=products.next_cursor,
        total=products.total,
        query=query,
        links=ListLinks(f"{services.settings.base_path}/products", query),
        searches=saved_lists(services, query),
        error=error.detail if error else None,
        typed=typed,
        may_replace=error is not None and error.code == "view-exists",
        copy=state,
        done=done,
        categories=categories,
        reasons_of=REASONS_OF,
        no_stock=bool(products.items) and all(item.stock is None for item in products.items),
    )


def _cursor(services: Services) -> str:
    """The cursor up to which the list has every change: the page's stream begins there.

    The read model follows the broker by some moments; a change may be both in the list and in the
    stream.
    """
    head, model = services.broker.head, services.read_model
    if not model.state.filled:
        return head
    reached = max(model.as_of(), datetime.now(UTC) - _LONGEST_LAG)
    return min(head, str(before(int(reached.timestamp() * 1000))))


def _rows(services: Services, products: list[Product]) -> list[ListRow]:
    """The products with their sales, as soon as these are known."""
    rates: dict[str, float] = {}
    if services.read_model.state.events.filled:
        with suppress(StockpulseError):
            rates = services.read_model.sales_rates([product.product_id for product in products])
    return list_rows(products, rates)


def _done_name(
    services: Services, done: Done, products: list[Product], saved: ListRow | None
) -> str:
    """The name of the product that the last form changed; the history has that of a deleted one."""
    if not done.product_id:
        return ""
    for product in [*products, *([saved.product] if saved else [])]:
        if product.product_id == done.product_id:
            return product.name or ""
    with suppress(StockpulseError):
        for event in services.store.timeline.history(done.product_id, 1).items:
            return event.product_name or ""
    return ""


def _saved_row(services: Services, done: Done, products: list[Product]) -> ListRow | None:
    """The saved product, if it is on another page of the list or in none."""
    if not done.product_id or any(item.product_id == done.product_id for item in products):
        return None
    with suppress(StockpulseError):  # it may be deleted
        return _rows(services, [services.store.products.get(done.product_id)])[0]
    return None
