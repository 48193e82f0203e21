"""Every write is a form that works without script: it redirects on success, or shows the error."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.errors import ETagMismatch, StockpulseError
from app.core.events import REASONS
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.products.product_lists import ProductPage
from app.store.products.barcodes import MOST_SHOWN, BarcodeCheck
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.pages.forms import (
    PRODUCT_FIELDS,
    Form,
    NamedProduct,
    Remark,
    Submitted,
    adjustment_of,
    document_of,
    edit_form,
    patch_of,
    rebased,
    submitted_edit,
)
from app.web.pages.products.list_links import ListLinks, kept
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, in_case, writable
from app.web.requests.product_filters import ProductQueryDep, listed
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.product_models import AdjustmentRequest, ProductCreate, ProductPatch
from app.web.services import Services

PAGE = 50  # products

router = APIRouter(prefix="/products", route_class=QueuedRoute, dependencies=[needs(Role.VIEWER)])
_LONG_IDS = 500  # characters
_WRITE = [needs(Role.EDITOR, writable)]


@router.get("")
def list_page(
    request: Request,
    services: ServicesDep,
    query: ProductQueryDep,
    cursor: Annotated[str | None, Query()] = None,
    done: Annotated[str, Query()] = "",
    product_id: Annotated[str, Query(alias="id")] = "",
    same_barcode: Annotated[tuple[str, ...], Query()] = (),
    barcode_unknown: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
) -> HTMLResponse:
    """A page of products, with a confirmation of the last write and its warnings."""
    head = services.broker.head
    state = services.read_model.state
    try:
        products, _ = listed(services, query, PAGE, cursor, "capped")
    except ReadModelFilling:
        products = ProductPage([], None)
    return _page(
        request,
        "products.html",
        cursor=head,
        products=products.items,
        place=cursor,
        next_cursor=products.next_cursor,
        total=products.total,
        query=query,
        links=ListLinks(f"{services.settings.base_path}/products", query),
        copy=state,
        done=done,
        done_id=product_id,
        same_barcode=same_barcode[:MOST_SHOWN],
        barcode_unknown=barcode_unknown,
        reasons=REASONS,
        no_stock=bool(products.items) and all(item.stock is None for item in products.items),
    )


@router.get("/new", dependencies=_WRITE)
def new_page(request: Request) -> HTMLResponse:
    """An empty form."""
    return _page(request, "product_new.html", form=Form({}))


@router.post("/new", dependencies=_WRITE)
def create(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Create a product."""
    form = Form(fields)
    body = form.read(ProductCreate, document_of(fields, ("product_id", *PRODUCT_FIELDS)))
    if body is not None:
        with form.attempt():
            draft = body.draft(in_case(body.product_id, services.settings.id_case))
            check = services.barcodes.start(body.barcode, body.product_id)
            services.store.products.create(draft, stamp_for(request))
            return _done(services, "created", body.product_id, _warnings(check))
    return _page(request, "product_new.html", status=form.status, form=form)


@router.get("/edit", dependencies=_WRITE)
def edit_page(request: Request, services: ServicesDep, product_id: NamedProduct) -> HTMLResponse:
    """A form filled with the product."""
    product = services.store.products.get(product_id)
    return _edit(request, product_id, edit_form(product), product.attributes)


@router.post("/edit", dependencies=_WRITE)
def edit(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Write the edited fields, unless someone else has changed the product since."""
    form = submitted_edit(fields)
    patch = form.read(ProductPatch, patch_of(form))
    remark = form.read(Remark, document_of(fields, ("reason", "note")))
    if patch is not None and remark is not None:
        stamp = stamp_for(request, reason=remark.reason, note=remark.note)
        with form.attempt():
            check = services.barcodes.start(patch.barcode, product_id)
            try:
                services.store.products.patch(
                    product_id, patch.changes(), fields.get("etag", ""), stamp
                )
            except ETagMismatch:
                form = rebased(form, services.store.products.get(product_id))
            else:
                return _done(services, "saved", product_id, _warnings(check))
    return _edit(request, product_id, form)


@router.get("/adjust", dependencies=_WRITE)
def adjust_page(request: Request, services: ServicesDep, product_id: NamedProduct) -> HTMLResponse:
    """A form to change the stock, with a reason, note and reference."""
    form = Form({"quantity": "1"})
    return _sheet(
        request, "product_adjust.html", product_id, services.store.products.get(product_id), form
    )


@router.post("/adjust", dependencies=_WRITE)
def adjust(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Add to the stock or take from it."""
    form = Form(fields)
    body = form.read(AdjustmentRequest, adjustment_of(fields))
    if body is not None:
        stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
        with form.attempt():
            services.store.products.adjust(product_id, body.delta, stamp)
            return _done(services, "adjusted", product_id, kept(fields.get("place", "")))
    return _sheet(request, "product_adjust.html", product_id, _current(services, product_id), form)


@router.get("/delete", dependencies=_WRITE)
def delete_page(request: Request, services: ServicesDep, product_id: NamedProduct) -> HTMLResponse:
    """Ask for confirmation."""
    product = services.store.products.get(product_id)
    return _sheet(request, "product_delete.html", product_id, product, Form({"etag": product.etag}))


@router.post("/delete", dependencies=_WRITE)
def delete(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Delete the product, unless it has changed since it was shown."""
    form = Form(fields)
    remark = form.read(Remark, document_of(fields, ("reason", "note")))
    if remark is not None:
        stamp = stamp_for(request, reason=remark.reason, note=remark.note)
        with form.attempt():
            services.store.products.delete(product_id, fields.get("etag", ""), stamp)
            return _done(services, "deleted", product_id)
    product = _current(services, product_id)
    if product is not None:
        form.values = {**form.values, "etag": product.etag}
    return _sheet(request, "product_delete.html", product_id, product, form)


def _edit(
    request: Request, product_id: str, form: Form, attributes: dict[str, Any] | None = None
) -> HTMLResponse:
    return _page(
        request,
        "product_edit.html",
        status=form.status,
        product_id=product_id,
        form=form,
        reasons=REASONS,
        attributes=attributes,
    )


def _current(services: Services, product_id: str) -> Product | None:
    """The product to show with a rejected form; None, if it cannot be read."""
    try:
        return services.store.products.get(product_id)
    except StockpulseError:
        return None


def _sheet(
    request: Request, template: str, product_id: str, product: Product | None, form: Form
) -> HTMLResponse:
    """A form about one product; `product` is None if it cannot be read."""
    return _page(
        request,
        template,
        status=form.status,
        product_id=product_id,
        product=product,
        form=form,
        reasons=REASONS,
    )


def _page(request: Request, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    return render(request, template, status=status, page="products", **shown)


def _warnings(check: BarcodeCheck) -> dict[str, Any]:
    """What the list warns of, as parameters of its address."""
    same = check.result
    ids = same.product_ids
    if sum(map(len, ids)) > _LONG_IDS:  # addresses have a bound, and so have proxies
        ids = ids[:1]
    return {"same_barcode": ids} | ({} if same.known else {"barcode_unknown": 1})


def _done(
    services: Services, what: str, product_id: str, more: Mapping[str, Any] | None = None
) -> Response:
    """Redirect to the list, so that a reload does not repeat the write."""
    query = urlencode({"done": what, "id": product_id, **(more or {})}, doseq=True)
    return RedirectResponse(f"{services.settings.base_path}/products?{query}", status_code=303)
