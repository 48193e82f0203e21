"""Alerts over REST: viewers list them; editors acknowledge, snooze, note orders and reopen."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.roles import Role
from app.store.alerts.alert import AlertState, Order
from app.store.alerts.alert_errors import AlertNotFound, AlertResolved
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.levels import KINDS, AlertKind
from app.store.idempotency import Once
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import Limit, PageCursor, ServicesDep, json_body
from app.web.requests.responses import json_response, page_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.alert_models import (
    AlertOut,
    AlertPageOut,
    OrderRequest,
    SnoozeRequest,
    alert_out,
)

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StrictRoute)

_LONGEST = timedelta(days=366)
_ACTION = error_responses(AlertNotFound, AlertResolved, IdempotencyKeyReused)


async def _alert_id(alert_id: Annotated[str, Path(description="The alert's id.")]) -> str:
    return unquote(alert_id)


AlertID = Annotated[str, Depends(_alert_id)]


@router.get(
    "",
    response_model=AlertPageOut,
    response_description="A page of alerts.",
    responses=error_responses(InvalidCursor),
    dependencies=[needs(Role.VIEWER)],
)
def list_alerts(
    request: Request,
    services: ServicesDep,
    state: Annotated[
        AlertState,
        Query(description="Only alerts in this state. Resolved alerts are kept for 90 days."),
    ] = "open",
    kind: Annotated[AlertKind | None, Query(description="Only alerts of this kind.")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List alerts.

    Returns the alerts in one state, by default the open ones. The newest state comes first.
    """
    kinds = KINDS if kind is None else (kind,)
    page = services.store.alerts.page(state, kinds, limit, cursor)
    return page_response(request, [alert_out(view) for view in page.items], page.next_cursor)


@router.get(
    "/{alert_id}",
    response_model=AlertOut,
    response_description="The alert.",
    responses=error_responses(AlertNotFound),
    dependencies=[needs(Role.VIEWER)],
)
def get_alert(alert_id: AlertID, services: ServicesDep) -> Response:
    """Retrieve an alert."""
    return _alert(services.store.alerts.view(alert_id))


@router.post(
    "/{alert_id}/acknowledgement",
    response_model=AlertOut,
    response_description="The acknowledged alert.",
    responses=_ACTION,
    dependencies=[needs(Role.EDITOR)],
)
def acknowledge_alert(
    alert_id: AlertID, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Acknowledge an alert.

    Somebody takes care of it. It stays acknowledged until it is resolved.
    """
    actor, once = actor_of(request), idempotency.once(_alert)
    return _alert(services.store.alerts.acknowledge(alert_id, actor, once))


@router.post(
    "/{alert_id}/snooze",
    response_model=AlertOut,
    response_description="The snoozed alert.",
    responses=_ACTION,
    dependencies=[needs(Role.EDITOR, json_body)],
)
def snooze_alert(
    alert_id: AlertID,
    body: SnoozeRequest,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Snooze an alert.

    It is quiet until a time. Then it opens again, unless it was resolved.
    """
    actor, once = actor_of(request), idempotency.once(_alert)
    _check_time(body.until, "until", once)
    return _alert(services.store.alerts.snooze(alert_id, _ms(body.until), actor, once))


@router.post(
    "/{alert_id}/order",
    response_model=AlertOut,
    response_description="The alert, with the order.",
    responses=_ACTION,
    dependencies=[needs(Role.EDITOR, json_body)],
)
def order_for_alert(
    alert_id: AlertID,
    body: OrderRequest,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Note an order.

    The alert is quiet until the ordered quantity was received, or the expected day has passed. If
    it still holds then, it opens again.
    """
    zone = ZoneInfo(services.settings.timezone)
    ends = datetime.combine(body.expected, time.max, zone)
    actor, once = actor_of(request), idempotency.once(_alert)
    _check_time(ends, "expected", once)
    order = Order(body.quantity, body.expected.isoformat(), _ms(ends))
    return _alert(services.store.alerts.order(alert_id, order, actor, once))


@router.post(
    "/{alert_id}/reopening",
    response_model=AlertOut,
    response_description="The open alert.",
    responses=_ACTION,
    dependencies=[needs(Role.EDITOR)],
)
def reopen_alert(
    alert_id: AlertID, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Reopen an alert.

    Undoes an acknowledgement, a snooze or an order.
    """
    actor, once = actor_of(request), idempotency.once(_alert)
    return _alert(services.store.alerts.reopen(alert_id, actor, once))


def _alert(view: AlertView) -> Response:
    return json_response(alert_out(view))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _check_time(moment: datetime, field: str, once: Once[AlertView] | None) -> None:
    """Accept a time in the future, within about a year.

    Raises:
        InvalidRequest: it is another one.
        Replayed: it is another one by now, and the request has already been applied.

    """
    now = datetime.now(UTC)
    if now < moment <= now + _LONGEST:
        return
    if once is not None:
        once.recall()
    detail = "must not be in the past" if moment <= now else "must be at most a year from now"
    raise InvalidRequest(
        f"{field} {detail}.", extra={"errors": [{"pointer": f"/{field}", "detail": detail}]}
    )
