"""The Admin page lists API keys and the admin trail; keys are managed on the command line.

The routes that start and stop the demo shop are here, too.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.roles import Role
from app.store.access.key_row import ApiKey
from app.web.auth.permissions import needs
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute

PAGE = 50

router = APIRouter(prefix="/admin", dependencies=[needs(Role.ADMIN)])


@router.get("")
def admin_page(
    request: Request, services: ServicesDep, cursor: Annotated[str | None, Query()] = None
) -> HTMLResponse:
    """List the API keys and a page of the admin trail."""
    authenticator = services.access.authenticator
    now = authenticator.now()
    page = services.store.admin_log.page(PAGE, cursor)
    known = authenticator.key_cache.current()
    keys = sorted(known.keys.values(), key=lambda key: key.created_at, reverse=True)
    return render(
        request,
        "admin.html",
        page="admin",
        keys=[(key, _state(key, now)) for key in keys],
        refused=known.refused,
        rows=[(datetime.fromisoformat(row.at), row) for row in page.items],
        place=cursor,
        next_cursor=page.next_cursor,
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.usable(now) else "expired"


demo_router = APIRouter(
    prefix="/demo", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)


@demo_router.post("/start")
def start(services: ServicesDep) -> Response:
    """Start the demo shop."""
    services.demo.start()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)


@demo_router.post("/stop")
def stop(services: ServicesDep) -> Response:
    """Stop the demo shop; its products stay."""
    services.demo.stop()
    return RedirectResponse(f"{services.settings.base_path}/", status_code=303)
