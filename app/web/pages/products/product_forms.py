"""A product is created, edited and deleted by forms that keep what was typed if they fail."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.errors import ETagMismatch
from app.core.events import REASONS
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import (
    PRODUCT_FIELDS,
    Form,
    NamedProduct,
    Remark,
    Submitted,
    document_of,
    edit_form,
    patch_of,
    submitted_edit,
)
from app.web.pages.products.edit_conflict import differences, rebased
from app.web.pages.products.saving import back_of, current, done, warnings
from app.web.pages.templating import render
from app.web.requests.parameters import ServicesDep, in_case, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.product_models import ProductCreate, ProductPatch
from app.web.services import Services

router = APIRouter(
    prefix="/products", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)

Back = Annotated[str, Query()]


@router.get("/new")
def new_page(request: Request, services: ServicesDep, back: Back = "") -> HTMLResponse:
    """An empty form."""
    return _page(request, services, "product_new.html", Form({"back": back}))


@router.post("/new")
def create(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Create a product."""
    form = Form(fields)
    body = form.read(ProductCreate, document_of(fields, ("product_id", *PRODUCT_FIELDS)))
    if body is not None:
        with form.attempt():
            draft = body.draft(in_case(body.product_id, services.settings.id_case))
            check = services.barcodes.start(body.barcode, body.product_id)
            services.store.products.create(draft, stamp_for(request))
            more = {"undo": request_id_of(request.scope), **warnings(check)}
            return done(services, fields.get("back", ""), "created", body.product_id, **more)
    return _page(request, services, "product_new.html", form)


@router.get("/edit")
def edit_page(
    request: Request, services: ServicesDep, product_id: NamedProduct, back: Back = ""
) -> HTMLResponse:
    """A form filled with the product."""
    product = services.store.products.get(product_id)
    form = edit_form(product, services.settings.price_decimals)
    form.values["back"] = back
    return _edit(request, services, product_id, form, product.attributes)


@router.post("/edit")
def edit(
    request: Request, services: ServicesDep, product_id: NamedProduct, fields: Submitted
) -> Response:
    """Write the edited fields; if somebody else has edited them since, show both edits."""
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
                newest = services.store.products.get(product_id)
                form = rebased(form, newest, services.settings.price_decimals)
                return _edit(request, services, product_id, form)
            is_recorded = patch.model_fields_set or remark.model_fields_set
            undo = request_id_of(request.scope) if is_recorded else ""
            more = {"undo": undo, **warnings(check)}
            return done(services, fields.get("back", ""), "saved", product_id, **more)
    return _edit(request, services, product_id, form)


@router.get("/delete")
def delete_page(
    request: Request, services: ServicesDep, product_id: NamedProduct, back: Back = ""
) -> HTMLResponse:
    """Ask for confirmation."""
    product = services.store.products.get(product_id)
    form = Form({"etag": product.etag, "back": back})
    return _delete(request, services, product_id, form, product)


@router.post("/delete")
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
            undo = request_id_of(request.scope)
            return done(services, fields.get("back", ""), "deleted", product_id, undo=undo)
    product = current(services, product_id)
    if product is not None:
        form.values = {**form.values, "etag": product.etag}
    return _delete(request, services, product_id, form, product)


def _edit(
    request: Request, services: Services, product_id: str, form: Form, attributes: Any = None
) -> HTMLResponse:
    """The edit form, or the choice between two edits."""
    found = differences(form)
    template = "product_conflict.html" if form.base else "product_edit.html"
    shown = {"product_id": product_id, "attributes": attributes, "differences": found}
    return _page(request, services, template, form, **shown)


def _delete(
    request: Request, services: Services, product_id: str, form: Form, product: Any
) -> HTMLResponse:
    shown = {"product_id": product_id, "product": product}
    return _page(request, services, "product_delete.html", form, **shown)


def _page(
    request: Request, services: Services, template: str, form: Form, **shown: Any
) -> HTMLResponse:
    return render(
        request,
        template,
        status=form.status,
        page="products",
        form=form,
        reasons=REASONS,
        back=back_of(services, form.values.get("back", "")),
        **shown,
    )
