"""A product's history is shown after its deletion, too; so are the gaps of a shard."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.errors import ProductGone, ProductNotFound
from app.core.events import RESERVED
from app.core.paths import name_in_events
from app.core.roles import Role
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.pages.event_rows import row_of
from app.web.pages.forms import NamedProduct
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep

PAGE = 50  # events

router = APIRouter(prefix="/products", dependencies=[needs(Role.VIEWER)])


@router.get("/history")
def history_page(
    request: Request,
    services: ServicesDep,
    product_id: NamedProduct,
    cursor: Annotated[str | None, Query()] = None,
) -> HTMLResponse:
    """The history of one product, which may be deleted, or the gaps of a shard."""
    history = services.store.timeline.history(product_id, PAGE, cursor)
    settings = services.settings
    zone = ZoneInfo(settings.timezone)
    rows = [
        row_of(
            event,
            zone,
            name_in_events(settings.stock_attribute),
            void=event.event_key in history.void,
            repeat=event.event_key in history.repeats,
        )
        for event in history.items
    ]
    product: Product | None = None
    shard = product_id.startswith(RESERVED)
    if shard and not rows and cursor is None:
        raise ProductNotFound("No gap is recorded under this name.")
    try:
        # Another program may have stored an item under this id; it has nothing to do with the gaps.
        product = None if shard else services.store.products.get(product_id)
    except (ProductGone, ProductNotFound):
        if not rows and cursor is None:
            raise
    return render(
        request,
        "product_history.html",
        page="products",
        product_id=product_id,
        product=product,
        shard=product_id.rpartition("#")[2] if shard else None,
        name=(product and product.name) or (rows[0].name if rows else product_id),
        rows=rows,
        place=cursor,
        next_cursor=history.next_cursor,
    )
