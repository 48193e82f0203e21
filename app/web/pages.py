"""Pages work without script; what a script adds later is never needed to read or to write.

The Live page notes the feed's head before it reads the newest changes: whatever falls in
between comes again over the stream, and is dropped by its id.
"""

from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.events import ChangeEvent, rfc3339
from app.store.chain import is_baseline
from app.store.errors import StoreUnavailable
from app.store.roles import Role
from app.store.timeline import TimelinePage
from app.web import admin_pages, demo_pages, product_pages, sink_pages, system_pages
from app.web.needs import needs
from app.web.parameters import ServicesDep
from app.web.presentation import local_time, row_of, view_notice
from app.web.templating import render
from app.web.tiles import tiles_of

SNAPSHOT = 200  # as many as a page of the API, with which the script catches up

router = APIRouter(include_in_schema=False)
router.include_router(product_pages.router)
router.include_router(demo_pages.router)
router.include_router(admin_pages.router)
router.include_router(system_pages.router)
router.include_router(sink_pages.router)


@router.get("/", dependencies=[needs(Role.VIEWER)])
def live_page(request: Request, services: ServicesDep) -> HTMLResponse:
    """The newest changes, and where the stream goes on from them."""
    cursor = services.broker.head
    stale = False
    try:
        latest = services.timeline.latest(SNAPSHOT, None, _is_news)
    except StoreUnavailable:
        latest, stale = TimelinePage([], None), True
    events = [event for _, event in latest.items if event.kind != "internal"]
    settings = services.settings
    zone = ZoneInfo(settings.timezone)
    now = datetime.now(UTC)
    tiles = tiles_of(events, now, complete=latest.next_cursor is None)
    return render(
        request,
        "live.html",
        page="live",
        cursor=cursor,
        stale=stale,
        rows=[row_of(event, zone, settings.stock_attribute) for event in events],
        tiles=tiles,
        now=rfc3339(now),
        since=rfc3339(tiles.since) if tiles.since else "",
        period=f"Since {local_time(tiles.since, zone)}" if tiles.since else "Last hour",
        view_type=services.view_type,
        view_notice=view_notice(services.view_type),
        cli_line=services.cli_line,
    )


def _is_news(event: ChangeEvent) -> bool:
    """Not that a product was there when its history began: thousands of those can come at once."""
    return not is_baseline(event.event_key)


def error_page(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    """An error as a page; what could not be read may be tried again, what was sent may not."""
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
