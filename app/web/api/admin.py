"""The admin log over REST: every change to keys, sinks and dead letters, and who made it."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.core.errors import InvalidCursor
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.parameters import Limit, PageCursor, ServicesDep
from app.web.requests.responses import page_response
from app.web.requests.strict_route import StrictRoute

router = APIRouter(
    prefix="/v1/admin", tags=["admin"], route_class=StrictRoute, dependencies=[needs(Role.ADMIN)]
)


class LogRowOut(BaseModel):
    """An action of an admin."""

    id: str = Field(description="The entry's id.")
    at: str = Field(description="When the action happened (RFC 3339, UTC).")
    actor: str = Field(description="Who performed the action.")
    action: str = Field(description="What the admin did.")
    before: Any = Field(description="The state before the action; null if there was none.")
    after: Any = Field(description="The state after the action; null if there is none.")


class LogPageOut(BaseModel):
    """A page of the admin log."""

    items: list[LogRowOut] = Field(description="The entries, newest first.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` to get the next page; null on the last page."
    )


@router.get(
    "/log",
    response_model=LogPageOut,
    response_description="A page of log entries.",
    responses=error_responses(InvalidCursor),
)
def list_log(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List admin actions.

    Returns the admin log, newest entries first: who changed keys, sinks and dead letters, when,
    and the state before and after.
    """
    page = services.store.admin_log.page(limit, cursor)
    return page_response(request, [asdict(row) for row in page.items], page.next_cursor)
