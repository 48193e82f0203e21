"""An earlier version is restored by one conditional write, which its form lists field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.errors import ETagMismatch
from app.core.roles import Role
from app.store.products.model import Product, Stamp
from app.web.auth.permissions import needs
from app.web.errors import InvalidRequest
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import PRODUCT_FIELDS, Form, NamedProduct, Submitted
from app.web.pages.product.field_diffs import is_restorable, texts_of, versions_differ
from app.web.pages.product.product_view import moment_of, written
from app.web.pages.products.saving import done
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.services import Services

_CHANGED_SINCE = (
    "Someone else changed this product while this page was open, so nothing was restored. The "
    "values are shown as they are now. Restore again to replace them."
)
_NOTHING_CHOSEN = "Choose at least one field."

router = APIRouter(
    prefix="/products/restore",
    route_class=QueuedRoute,
    dependencies=[needs(Role.EDITOR, writable)],
)

At = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that the version has another value for.

    `was`: what the form showed when it was opened, if that is not what the product has now.
    """

    field: str
    label: str
    now: str | None
    then: str | None
    chosen: bool
    was: str | None


@router.get("")
def restore_page(
    request: Request, services: ServicesDep, product_id: NamedProduct, at: At
) -> HTMLResponse:
    """Show what restoring the version would change."""
    moment = _moment(services, at)
    then = services.store.past.product(product_id, moment)
    product = services.store.products.get(product_id)
    return _page(request, services, moment, then, product, Form({}))


@router.post("")
def restore(
    request: Request, services: ServicesDep, product_id: NamedProduct, at: At, fields: Submitted
) -> Response:
    """Write the chosen fields as they were, unless the product has changed since it was shown.

    The stock is set as a count sets it: changes before the restoring cannot be undone after it.
    """
    moment = _moment(services, at)
    then = services.store.past.product(product_id, moment)
    chosen = [name for name in PRODUCT_FIELDS if f"restore_{name}" in fields]
    changes = {name: getattr(then, name) for name in chosen if is_restorable(name, then)}
    form = Form(fields)
    if not changes:
        form.status, form.problem = 422, _NOTHING_CHOSEN
    else:
        with form.attempt():
            try:
                stamp = _stamp(request, services, moment, changes)
                services.store.products.patch(product_id, changes, fields.get("etag", ""), stamp)
            except ETagMismatch:
                form.status, form.problem = 412, _CHANGED_SINCE
            else:
                query = urlencode({"id": product_id}, errors="surrogatepass")
                path = f"{services.settings.base_path}/products/history?{query}"
                undo = request_id_of(request.scope)
                return done(services, path, "restored", product_id, undo=undo)
    form.problem = form.problem or " ".join(form.errors.values())
    product = services.store.products.get(product_id)
    return _page(request, services, moment, then, product, form)


def _page(
    request: Request,
    services: Services,
    moment: datetime,
    then: Product,
    product: Product,
    form: Form,
) -> HTMLResponse:
    decimals = services.settings.price_decimals
    diffs = versions_differ(then, product, decimals)
    first = not form.values
    choices = [
        Choice(
            diff.field,
            diff.label,
            diff.new,
            diff.old,
            first or f"restore_{diff.field}" in form.values,
            _seen(form, diff.field, diff.new),
        )
        for diff in diffs
        if diff.field and is_restorable(diff.field, then)
    ]
    zone = ZoneInfo(services.settings.timezone)
    return render(
        request,
        "product_version.html",
        status=form.status,
        page="products",
        form=form,
        product_id=product.product_id,
        product=product,
        now=texts_of(product, decimals),
        choices=choices,
        kept=[diff for diff in diffs if not diff.field or not is_restorable(diff.field, then)],
        at=written(moment, zone),
        local=_local(moment, zone),
        zone=services.settings.timezone,
    )


def _seen(form: Form, field: str, now: str | None) -> str | None:
    """What the form showed for the field, if the product has another value now."""
    shown = form.values.get(f"was_{field}")
    return None if shown is None or shown == (now or "") else shown


def _moment(services: Services, at: str) -> datetime:
    moment = moment_of("at", at, ZoneInfo(services.settings.timezone), datetime.now(UTC))
    if moment is None:
        errors: list[dict[str, Any]] = [{"pointer": "?at", "detail": "must be given"}]
        raise InvalidRequest("at: must be a date or time.", extra={"errors": errors})
    return moment


def _stamp(
    request: Request, services: Services, moment: datetime, changes: Mapping[str, Any]
) -> Stamp:
    note = f"Restored to {_local(moment, ZoneInfo(services.settings.timezone))}"
    stamp = stamp_for(request, reason="correction", note=note)
    return replace(stamp, counts="stock" in changes)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
