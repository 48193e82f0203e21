"""The page Notifications lists the rules: whom each tells, when, and how it is doing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.roles import Role
from app.notifications.channels.registry import label_of
from app.notifications.desk.listed_rule import ListedRule
from app.web.auth.permissions import needs
from app.web.pages.notifications.recipient_lines import RuleLine, rule_line
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.requests.rules.listed_rules import page_of_rules
from app.web.services import Services

PAGE = 25  # rules

router = APIRouter(prefix="/notifications", dependencies=[needs(Role.EDITOR)])


@router.get("")
def notifications_page(
    request: Request, services: ServicesDep, cursor: Annotated[str | None, Query()] = None
) -> HTMLResponse:
    """A page of the rules, with what the last form did."""
    return list_shown(request, services, cursor=cursor)


def list_shown(
    request: Request,
    services: Services,
    *,
    cursor: str | None = None,
    said: Sequence[str] = (),
    trouble: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """The page, with what became of messages that were just sent.

    Raises:
        InvalidCursor: no page of the rules returned the cursor.
        StoreUnavailable: their state cannot be read now.

    """
    page = page_of_rules(services, PAGE, cursor)
    return render(
        request,
        "notifications.html",
        status=status,
        page="notifications",
        lines=[line_of(services, one) for one in page.rules],
        unreadable=page.unreadable,
        place=cursor,
        next_cursor=page.next_cursor,
        said=said,
        trouble=trouble,
        done=request.query_params.get("done", ""),
        at=moment,
    )


def line_of(services: Services, listed: ListedRule) -> RuleLine:
    """How a rule is doing, as pages show it."""
    now, labels = datetime.now(UTC), labels_of(services)
    line = rule_line(listed.rule, listed.waiting, labels, now, listed.last)
    if not listed.is_built_in:
        return line
    limits = [] if listed.filter is None else ["only what STOCKPULSE_WEBHOOK_FILTER admits"]
    return replace(line, is_built_in=True, limits=limits)


def labels_of(services: Services) -> dict[str, str]:
    """What the channels of this server are called."""
    return {name: label_of(channel) for name, channel in services.rule_desk.channels.items()}


def moment(ms: int) -> datetime:
    """A time in ms since 1970, as templates take it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
