"""The page Notifications lists the rules: whom each tells, when, and how it is doing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.core.roles import Role
from app.core.rules.rule import Rule, subscription_id
from app.notifications.channels.registry import label_of
from app.web.auth.permissions import needs
from app.web.pages.notifications.recipient_lines import RuleLine, rule_line
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep
from app.web.services import Services

PAGE = 25  # rules

router = APIRouter(prefix="/notifications", dependencies=[needs(Role.EDITOR)])


@router.get("")
def notifications_page(
    request: Request, services: ServicesDep, cursor: Annotated[str | None, Query()] = None
) -> HTMLResponse:
    """A page of the rules, with what the last form did."""
    page = services.store.rules.page(PAGE, cursor)
    return render(
        request,
        "notifications.html",
        page="notifications",
        lines=lines_of(services, page.items),
        place=cursor,
        next_cursor=page.next_cursor,
        done=request.query_params.get("done", ""),
        at=moment,
    )


def lines_of(services: Services, rules: Sequence[Rule]) -> list[RuleLine]:
    """How these rules are doing, in a few calls for all of them.

    Raises:
        StoreUnavailable: their state cannot be read now.

    """
    store, now = services.store, datetime.now(UTC)
    ids = [subscription_id(rule.id, one.id) for rule in rules for one in rule.recipients]
    waiting = store.subscriptions.some(ids)
    last = store.deliveries.last_of([rule.id for rule in rules])
    labels = labels_of(services)
    return [
        rule_line(
            rule,
            [row for row in waiting if row.rule_id == rule.id],
            labels,
            now,
            last.get(rule.id, ()),
        )
        for rule in rules
    ]


def labels_of(services: Services) -> dict[str, str]:
    """What the channels of this server are called."""
    return {name: label_of(channel) for name, channel in services.rule_desk.channels.items()}


def moment(ms: int) -> datetime:
    """A time in ms since 1970, as templates take it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
