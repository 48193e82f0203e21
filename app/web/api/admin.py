"""The admin trail over REST: who made and revoked keys, and saw to dead letters."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.core.errors import InvalidCursor
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.contract.refusals import refusals
from app.web.requests.parameters import Limit, PageCursor, ServicesDep
from app.web.requests.responses import page_answer
from app.web.requests.strict_route import StrictRoute

router = APIRouter(
    prefix="/v1/admin", tags=["admin"], route_class=StrictRoute, dependencies=[needs(Role.ADMIN)]
)


class LogRowOut(BaseModel):
    """One act of an admin."""

    id: str
    at: str
    actor: str
    action: str
    before: Any
    after: Any


class LogPageOut(BaseModel):
    """A page of the trail."""

    items: list[LogRowOut]
    next_cursor: str | None


@router.get("/log", response_model=LogPageOut, responses=refusals(InvalidCursor))
def list_log(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """Read what admins did, newest first."""
    page = services.store.admin_log.page(limit, cursor)
    return page_answer(request, [asdict(row) for row in page.items], page.next_cursor)
