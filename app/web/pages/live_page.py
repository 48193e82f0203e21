"""Every page can be read and used without JavaScript.

The Live page shows the changes in the broker's ring up to its newest cursor, and the sums of the
last hour up to there. The script's stream starts at that cursor, so no change is missed in between.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.core.errors import StoreUnavailable
from app.core.events import data_of, rfc3339
from app.core.paths import name_in_events
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.trends.last_hour import LastHour
from app.web.auth.permissions import needs
from app.web.pages import admin_page, audit_page, sinks_page, system_page
from app.web.pages.event_rows import local_time, view_notice
from app.web.pages.live_rows import ROWS, RowStyle, newest_changes
from app.web.pages.products import (
    bulk_page,
    export_page,
    history_page,
    product_forms,
    products_page,
    stock_page,
    undo_page,
)
from app.web.pages.templating import render
from app.web.pages.tiles import Tiles, first_minute, tiles_of, tiles_of_sums
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

router = APIRouter(include_in_schema=False)
router.include_router(products_page.router)
router.include_router(product_forms.router)
router.include_router(stock_page.router)
router.include_router(bulk_page.router)
router.include_router(undo_page.router)
router.include_router(history_page.router)
router.include_router(export_page.router)
router.include_router(audit_page.router)
router.include_router(admin_page.demo_router)
router.include_router(admin_page.router)
router.include_router(system_page.router)
router.include_router(sinks_page.router)


@router.get("/", dependencies=[needs(Role.VIEWER)])
def live_page(request: Request, services: ServicesDep) -> HTMLResponse:
    """The newest changes, and the cursor at which the stream continues."""
    settings = services.settings
    zone = ZoneInfo(settings.timezone)
    style = RowStyle(zone, name_in_events(settings.stock_attribute), settings.base_path)
    now = datetime.now(UTC)
    cursor, frames, nothing_older = services.broker.newest()
    changes, all_of_them = newest_changes(frames, style)
    events = [change.data for change in changes]
    tiles = _whole_hour(services, cursor, events, now)
    if tiles is None:
        tiles = tiles_of(events, now, complete=nothing_older and all_of_them)
    return render(
        request,
        "live.html",
        page="live",
        cursor=cursor,
        unavailable=services.broker.trouble() is not None,
        rows=[change.row for change in changes],
        tiles=tiles,
        now=rfc3339(now),
        since=rfc3339(tiles.since) if tiles.since else "",
        period=f"Since {local_time(tiles.since, zone)}" if tiles.since else "Last hour",
        view_type=services.about.view_type,
        view_notice=view_notice(services.about.view_type),
        no_stock=not changes and _no_stock(services),
    )


def _whole_hour(
    services: Services, cursor: str, shown: Sequence[Mapping[str, Any]], now: datetime
) -> Tiles | None:
    """Tiles up to the page's cursor; None if the read model cannot tell, or is too far behind."""
    if not services.read_model.state.events.filled:
        return None
    with suppress(ReadModelFilling, StoreUnavailable), services.read_model.figures() as connection:
        hour = LastHour(connection)
        missing = [data for data in shown if not hour.has(data["product_id"], data["event_key"])]
        if len(shown) == ROWS and shown[-1] in missing:
            return None
        later = [data_of(event, with_images=False) for event in hour.after(cursor)]
        return tiles_of_sums(hour.minutes(first_minute(now)), now, missing=missing, later=later)
    return None


def _no_stock(services: Services) -> bool:
    try:
        return services.store.products.carry_no_stock()
    except StoreUnavailable:  # the page shows that by itself
        return False


def error_page(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    """An error as a page. It offers to retry a failed read, but never a write."""
    query = f"?{request.url.query}" if request.url.query else ""
    base: str = request.app.state.services.settings.base_path
    path = request.url.path.removeprefix(base)
    readable = request.method in {"GET", "HEAD"}
    product_id = request.query_params.get("id")
    return render(
        request,
        "error.html",
        status=status,
        code=status,
        title=title,
        detail=detail,
        again=f"{base}{path}{query}" if readable and status >= 500 else None,
        history=f"{base}/products/history?id={quote(product_id, safe='')}"
        if product_id and status == 410
        else None,
    )
