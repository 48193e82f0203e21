"""One form takes units, adds units or counts them: its reasons fit, and it has one button."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.core.roles import Role
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import REASONS_OF, Form, NamedProduct, Submitted, adjustment_of, mode_of
from app.web.pages.products.product_forms import Back
from app.web.pages.products.saving import back_of, current, done
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.product_models import AdjustmentRequest, CountRequest
from app.web.services import Services

router = APIRouter(
    prefix="/products", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)


@router.get("/adjust")
def adjust_page(
    request: Request,
    services: ServicesDep,
    product_id: NamedProduct,
    mode: str = "",
    back: Back = "",
) -> HTMLResponse:
    """A form to change the stock, with a reason, note and reference."""
    product = services.store.products.get(product_id)
    form = Form({"mode": mode, "back": back})
    return _page(request, services, product_id, product, form)


@router.post("/adjust")
def adjust(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Take units, add units, or record a count."""
    form = Form(fields)
    with form.attempt():
        if _change(request, services, product_id, form):
            undo = request_id_of(request.scope)
            what = "counted" if fields.get("mode") == "count" else "adjusted"
            return done(services, fields.get("back", ""), what, product_id, undo=undo)
    return _page(request, services, product_id, current(services, product_id), form)


def _change(request: Request, services: Services, product_id: str, form: Form) -> bool:
    """Change the stock as the form says; returns whether the form is valid."""
    document, products = adjustment_of(form.values), services.store.products
    if "counted" in document:
        count = form.read(CountRequest, document)
        if count is None:
            return False
        stamp = stamp_for(request, reason=count.reason, note=count.note, reference=count.reference)
        products.count(product_id, count.counted, stamp)
        return True
    body = form.read(AdjustmentRequest, document)
    if body is None:
        return False
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    products.adjust(product_id, body.delta, stamp)
    return True


def _page(
    request: Request, services: Services, product_id: str, product: Product | None, form: Form
) -> HTMLResponse:
    """The form; `product` is None if it cannot be read."""
    return render(
        request,
        "product_adjust.html",
        status=form.status,
        page="products",
        product_id=product_id,
        product=product,
        form=form,
        mode=mode_of(form.values.get("mode", "")),
        reasons_of=REASONS_OF,
        back=back_of(services, form.values.get("back", "")),
    )
