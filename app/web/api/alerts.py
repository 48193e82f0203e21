"""Alerts over REST: viewers list them; editors acknowledge, snooze, note orders and reopen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.types import DecoratedCallable

from app.core.errors import IdempotencyKeyReused, InvalidCursor
from app.core.roles import Role
from app.store.alerts.alert import AlertState
from app.store.alerts.alert_control import AlertControl
from app.store.alerts.alert_errors import AlertNotFound, AlertResolved
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.levels import KINDS, AlertKind
from app.store.idempotency import Once
from app.web.auth.permissions import Check, needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest
from app.web.requests.alerts.alert_times import order_of, snoozed_until
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

Read = TypeVar("Read")


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
    page = services.store.alerts.page([state], kinds, limit, cursor)
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


@dataclass(frozen=True, slots=True)
class _Acting:
    """A request to act on an alert; `once` is None without an idempotency key."""

    alerts: AlertControl
    zone: ZoneInfo
    identifier: str
    actor: str
    once: Once[AlertView] | None

    def timely(self, read: Callable[[], Read]) -> Read:
        """What `read` makes of the body.

        Raises:
            InvalidRequest: its time is not in the future.
            Replayed: by now it is not, but the request has already been applied.

        """
        try:
            return read()
        except InvalidRequest:
            if self.once is not None:
                self.once.recall()
            raise


async def _acting(
    alert_id: AlertID, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> _Acting:
    zone = ZoneInfo(services.settings.timezone)
    once = idempotency.once(_alert)
    return _Acting(services.store.alerts, zone, alert_id, actor_of(request), once)


ActingDep = Annotated[_Acting, Depends(_acting)]


def _action(
    name: str, outcome: str, *checks: Check
) -> Callable[[DecoratedCallable], DecoratedCallable]:
    """The decorator for an action on an alert; `outcome` describes its response."""
    return router.post(
        f"/{{alert_id}}/{name}",
        response_model=AlertOut,
        response_description=outcome,
        responses=error_responses(AlertNotFound, AlertResolved, IdempotencyKeyReused),
        dependencies=[needs(Role.EDITOR, *checks)],
    )


@_action("acknowledgement", "The acknowledged alert.")
def acknowledge_alert(acting: ActingDep) -> Response:
    """Acknowledge an alert.

    Somebody takes care of it. It stays acknowledged until it is resolved.
    """
    return _alert(acting.alerts.acknowledge([acting.identifier], acting.actor, acting.once))


@_action("snooze", "The snoozed alert.", json_body)
def snooze_alert(acting: ActingDep, body: SnoozeRequest) -> Response:
    """Snooze an alert.

    It is quiet until a time. Then it opens again, unless it was resolved.
    """
    until = acting.timely(lambda: snoozed_until(body))
    return _alert(acting.alerts.snooze([acting.identifier], until, acting.actor, acting.once))


@_action("order", "The alert, with the order.", json_body)
def order_for_alert(acting: ActingDep, body: OrderRequest) -> Response:
    """Note an order.

    The alert is quiet until the ordered quantity was received, or the expected day has passed. If
    it still holds then, it opens again.
    """
    order = acting.timely(lambda: order_of(body, acting.zone))
    return _alert(acting.alerts.order([acting.identifier], order, acting.actor, acting.once))


@_action("reopening", "The open alert.")
def reopen_alert(acting: ActingDep) -> Response:
    """Reopen an alert.

    Undoes an acknowledgement, a snooze or an order.
    """
    return _alert(acting.alerts.reopen([acting.identifier], acting.actor, acting.once))


def _alert(view: AlertView) -> Response:
    return json_response(alert_out(view))
