"""What people do about a product's alerts: each form works without script and leads back.

A form names the product in the address and its alerts in a field: `out-1 low-3`. So it applies to
what its page showed, and not to an alert that has opened since. An undo also has the moment of what
it takes back, `out-1 low-3 @1764373740123`, so that it leaves what others have done since.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.events import event_id, rfc3339
from app.core.numbers import digits
from app.core.roles import Role
from app.store.alerts.alert_errors import AlertChanged, AlertNotFound, AlertResolved
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.levels import KINDS
from app.web.auth.permissions import needs
from app.web.pages.alerts.alert_board import AlertRow, on_order
from app.web.pages.alerts.alert_place import DAYS, AlertPlace
from app.web.pages.alerts.board_reader import rows_read
from app.web.pages.alerts.reorder_list import suggested
from app.web.pages.forms import Form, NamedProduct, Submitted
from app.web.pages.products.product_forms import Back
from app.web.pages.products.saving import back_of, done
from app.web.pages.templating import render
from app.web.requests.alerts.alert_times import order_of, snoozed_until
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of
from app.web.schemas.alert_models import OrderRequest, SnoozeRequest
from app.web.services import Services

SNOOZES = {"1": "For a day", "3": "For 3 days", "7": "For a week", "30": "For 30 days"}
_MOMENT = re.compile(r"[0-9]{1,15}")
_WEEK = timedelta(days=7)  # until an order is expected, unless the form says otherwise

router = APIRouter(
    prefix="/alerts", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)

Mode = Literal["order", "snooze"]
Named = Annotated[str, Query(alias="alerts", max_length=200)]


@dataclass(frozen=True, slots=True)
class Target:
    """The alerts that a form is about, who sent it, and where it leads back to.

    `since`: the moment, in ms since 1970, of what is taken back; None: whatever was done.
    """

    services: Services
    product_id: str
    numbers: str
    since: int | None
    actor: str
    back: str

    @property
    def ids(self) -> list[str]:
        """The ids of the alerts, at most one of each kind."""
        return [event_id(self.product_id, one) for one in self.numbers.split()[: len(KINDS)]]

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.services.settings.timezone)

    def act(self, what: str, action: Callable[[], AlertView], *, undo: bool = True) -> Response:
        """Do it, and lead back to where one was; `undo`: offer there to open the alerts again."""
        back = ""
        try:
            alert = action().alert
            if undo and alert.actor == self.actor:  # not what others had done before
                back = f"{self.numbers} @{alert.since}"
        except AlertResolved:  # meanwhile, which is what everybody wanted
            what = "over"
        except AlertChanged:
            what = "changed"
        return done(self.services, self.back, what, self.product_id, undo=back)


def _target(
    request: Request, services: Services, product_id: str, numbers: str, back: str
) -> Target:
    first = AlertPlace(path=f"{services.settings.base_path}/alerts").here()
    place = back_of(services, back) if back else first
    named, _, moment = numbers.partition(" @")
    since = int(moment) if _MOMENT.fullmatch(moment) else None
    return Target(services, product_id, named, since, actor_of(request), place)


async def _submitted(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Target:
    numbers, back = fields.get("alerts", ""), fields.get("back", "")
    return _target(request, services, product_id, numbers, back)


async def _asked(
    request: Request,
    services: ServicesDep,
    product_id: NamedProduct,
    numbers: Named = "",
    back: Back = "",
) -> Target:
    return _target(request, services, product_id, numbers, back)


SubmittedTarget = Annotated[Target, Depends(_submitted)]
AskedTarget = Annotated[Target, Depends(_asked)]


@router.post("/acknowledge")
def acknowledge(target: SubmittedTarget) -> Response:
    """Record that somebody takes care of a product."""
    alerts = target.services.store.alerts
    return target.act("acknowledged", lambda: alerts.acknowledge(target.ids, target.actor))


@router.post("/reopen")
def reopen(target: SubmittedTarget) -> Response:
    """Take back what was done about a product."""
    alerts = target.services.store.alerts

    def reopened() -> AlertView:
        return alerts.reopen(target.ids, target.actor, since=target.since)

    return target.act("reopened", reopened, undo=False)


@router.get("/snooze")
def snooze_sheet(request: Request, target: AskedTarget) -> HTMLResponse:
    """Ask until when a product's alerts are quiet."""
    return _sheet(request, target, "snooze", Form({}))


@router.post("/snooze")
def snooze(request: Request, target: SubmittedTarget, fields: Submitted) -> Response:
    """Keep a product's alerts quiet, for some days or until a date."""
    form = Form(fields)
    until = _until(form, target.zone)
    if until is not None:
        alerts = target.services.store.alerts
        with form.attempt():
            at = snoozed_until(until)
            return target.act("snoozed", lambda: alerts.snooze(target.ids, at, target.actor))
    return _sheet(request, target, "snooze", form)


@router.get("/order")
def order_sheet(
    request: Request,
    target: AskedTarget,
    quantity: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """Ask what was ordered for a product, and for when; the reorder list suggests a quantity."""
    form = Form({"quantity": quantity} if quantity else {})
    return _sheet(request, target, "order", form)


@router.post("/order")
def order(request: Request, target: SubmittedTarget, fields: Submitted) -> Response:
    """Note what was ordered for a product."""
    form = Form(fields)
    given = {"quantity": fields.get("quantity", ""), "expected": fields.get("expected", "")}
    body = form.read(OrderRequest, given)
    if body is not None:
        alerts = target.services.store.alerts
        with form.attempt():
            noted = order_of(body, target.zone)
            # To open the alerts again would lose the order that this one corrects.
            is_new = "corrects" not in fields
            return target.act(
                "ordered", lambda: alerts.order(target.ids, noted, target.actor), undo=is_new
            )
    return _sheet(request, target, "order", form)


def _until(form: Form, zone: ZoneInfo) -> SnoozeRequest | None:
    """Until when, by the pressed button or the date; None, with an error, if it is no date."""
    now = datetime.now(UTC)
    days = form.values.get("days", "")
    try:
        if days in SNOOZES:
            until = now + timedelta(days=int(days))
        else:
            day = date.fromisoformat(form.values.get("until", ""))
            until = datetime.combine(day, time.min, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        form.status = 422
        form.errors["until"] = "Enter a date."
        return None
    return form.read(SnoozeRequest, {"until": rfc3339(until)})


def _usual(row: AlertRow, coming: Decimal, today: date) -> dict[str, str]:
    """What an order form begins with: the order that there is, or what is suggested."""
    noted = row.worst.order
    if row.worst.state == "ordered" and noted is not None:
        return {"quantity": digits(noted.quantity), "expected": noted.expected}
    stock = Decimal(0) if row.stock is None else row.stock
    quantity = suggested(stock + coming, row.point, row.rate, DAYS[1])
    return {
        "quantity": digits(quantity) if quantity > 0 else "",
        "expected": (today + _WEEK).isoformat(),
    }


def _sheet(request: Request, target: Target, mode: Mode, form: Form) -> HTMLResponse:
    """The form for a date, or for an order: it begins with what is suggested or was ordered.

    Raises:
        AlertNotFound: there are no such alerts.

    """
    views = [target.services.store.alerts.view(one) for one in target.ids]
    if not views:
        raise AlertNotFound("The form names no alert. Choose it on the page of alerts.")
    (row,) = rows_read(target.services, [views])
    today = datetime.now(target.zone).date()
    if mode == "order":
        # Also for alerts that are not in the row: what was low may be ordered when it runs out.
        known = target.services.store.alerts.get(row.product_id)
        coming = on_order(known.alerts.values())
        form.values = _usual(row, coming, today) | form.values
    return render(
        request,
        "alert_sheet.html",
        status=form.status,
        page="alerts",
        mode=mode,
        row=row,
        target=target,
        form=form,
        tomorrow=(today + timedelta(days=1)).isoformat(),
        today=today.isoformat(),
        snoozes=SNOOZES,
    )
