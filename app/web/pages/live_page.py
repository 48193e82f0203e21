"""Every page can be read and used without JavaScript.

The Live page shows the changes in the broker's ring up to its newest cursor, and the sums of the
stock and of the last hour up to there. The script's stream starts at that cursor, so no change is
missed in between.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.core.errors import StoreUnavailable
from app.core.events import REASONS, data_of
from app.core.paths import name_in_events
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.trends.last_hour import LastHour
from app.web.auth.identity import identity_of
from app.web.auth.permissions import needs
from app.web.middleware.request_guard import request_id_of
from app.web.pages import demo_page, sinks_page, system_page, undo_page
from app.web.pages.admin import admin_page, key_forms
from app.web.pages.alerts import alert_routes
from app.web.pages.analytics import analytics_page
from app.web.pages.audit import audit_routes
from app.web.pages.event_rows import view_notice
from app.web.pages.imports import import_preview, import_upload_page
from app.web.pages.live.live_filter import KIND_WORDS, audit_path, audit_search, live_filter, offers
from app.web.pages.live.live_rows import COUNTED, Change, RowStyle, newest_changes, newest_rows
from app.web.pages.live.tiles import Tiles, effect_of, first_minute, tiles_of, tiles_of_sums
from app.web.pages.notifications import notification_routes
from app.web.pages.product import product_page, version_page
from app.web.pages.products import (
    bulk_page,
    export_page,
    list_saving,
    product_forms,
    products_page,
    request_undo,
    stock_page,
)
from app.web.pages.rows.stock_level import LevelNames, level_names
from app.web.pages.stocktake import take_routes
from app.web.pages.templating import render
from app.web.requests.event_filters import EventSearch
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

router = APIRouter(include_in_schema=False)
router.include_router(products_page.router)
router.include_router(list_saving.router)
router.include_router(product_page.router)
router.include_router(version_page.router)
router.include_router(product_forms.router)
router.include_router(stock_page.router)
router.include_router(bulk_page.router)
router.include_router(request_undo.router)
router.include_router(export_page.router)
router.include_router(alert_routes.router)
router.include_router(notification_routes.router)
router.include_router(import_upload_page.router)
router.include_router(import_preview.router)
router.include_router(take_routes.router)
router.include_router(audit_routes.router)
router.include_router(demo_page.router)
router.include_router(analytics_page.router)
router.include_router(admin_page.router)
router.include_router(key_forms.router)
router.include_router(system_page.router)
router.include_router(sinks_page.router)
router.include_router(undo_page.router)


@router.get("/", dependencies=[needs(Role.VIEWER)])
def live_page(
    request: Request,
    services: ServicesDep,
    search: Annotated[EventSearch, Depends(live_filter)],
) -> HTMLResponse:
    """The newest changes that pass the filter, and the cursor at which the stream continues."""
    settings = services.settings
    zone = ZoneInfo(settings.timezone)
    names = level_names(settings.attributes)
    now = datetime.now(UTC)
    cursor, ring, nothing_older = services.broker.newest()
    frames = [*ring]
    changes, all_of_them = newest_changes(frames, names)
    tiles = _whole_hour(services, cursor, changes, names, now)
    if tiles is None:
        effects = [change.effect for change in changes]
        tiles = tiles_of(effects, now, complete=nothing_older and all_of_them)
    may_undo = not settings.read_only and identity_of(request).role.covers(Role.EDITOR)
    style = RowStyle(
        zone,
        name_in_events(settings.stock_attribute),
        names,
        settings.base_path,
        may_undo,
        now.astimezone(zone).date(),
    )
    return render(
        request,
        "live.html",
        page="live",
        cursor=cursor,
        unavailable=services.broker.condition().state == "stale",
        rows=newest_rows(services, frames, search, style, complete=nothing_older),
        wanted=search.live,
        kinds=KIND_WORDS,
        reasons=REASONS,
        offered=offers(changes),
        older=audit_path(settings.base_path, search.live),
        search=audit_search(search.live),
        tiles=tiles,
        now=now,
        level_names=names,
        view_type=services.about.view_type,
        view_notice=view_notice(services.about.view_type),
        no_stock=not changes and _no_stock(services),
    )


def _whole_hour(
    services: Services,
    cursor: str,
    newest: Sequence[Change],
    names: LevelNames,
    now: datetime,
) -> Tiles | None:
    """Tiles up to the page's cursor; None if the read model cannot tell, or is too far behind."""
    if not services.read_model.state.events.filled:
        return None
    with suppress(ReadModelFilling, StoreUnavailable), services.read_model.figures() as connection:
        hour = LastHour(connection)
        missing = [one for one in newest if not hour.has(one.product_id, one.event_key)]
        if len(newest) == COUNTED and newest[-1] in missing:
            return None
        first = first_minute(now)
        return tiles_of_sums(
            hour.minutes(first),
            hour.delays(first),
            hour.stock(),
            now,
            missing=[one.effect for one in missing],
            later=[effect_of(data_of(event), names) for event in hour.after(cursor)],
        )
    return None


def _no_stock(services: Services) -> bool:
    try:
        return services.store.products.carry_no_stock()
    except StoreUnavailable:  # the page shows that by itself
        return False


def error_page(
    request: Request, status: int, title: str, detail: str, *, may_be_saved: bool = False
) -> HTMLResponse:
    """An error as a page. It offers to retry a failed read, but never a write.

    `may_be_saved`: it is not known whether the request has changed something.
    """
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
        may_be_saved=may_be_saved and not readable,
        request_id=request_id_of(request.scope),
        again=f"{base}{path}{query}" if readable and status >= 500 else None,
        history=f"{base}/products/history?id={quote(product_id, safe='')}"
        if product_id and status == 410
        else None,
    )
