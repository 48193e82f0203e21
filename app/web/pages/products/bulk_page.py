"""Up to 50 selected products are changed at once: a page asks what to write, and then writes it."""

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from app.core import json_text
from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.errors import InvalidRequest
from app.web.exports.export_file import Dialect
from app.web.exports.export_rows import products_format
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.pages.forms import (
    REASONS_OF,
    Form,
    Submitted,
    adjustment_of,
    checked_id,
    document_of,
    mode_of,
    ticked,
)
from app.web.pages.products.saving import back_of, done, partly_done
from app.web.pages.templating import render
from app.web.requests.batches.batch_items import BatchItems
from app.web.requests.exports.downloads import page_as
from app.web.requests.idempotency import Idempotency
from app.web.requests.parameters import ServicesDep, writable
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.product_models import AdjustmentRequest, ProductPatch
from app.web.services import Services

router = APIRouter(prefix="/products/bulk")
_EDITOR = [needs(Role.EDITOR, writable)]

# What can be done, and the label of its button; `…` leads to a form.
ACTIONS = ("take", "add", "category", "tags", "no_reorder", "delete")


async def _selected(request: Request) -> list[str]:
    ids = await ticked(request, "product")
    if not ids:
        raise InvalidRequest("No product is selected. Go back and tick at least one.")
    return [checked_id(product_id) for product_id in ids]


Selected = Annotated[list[str], Depends(_selected)]


@router.post("", dependencies=_EDITOR)
def confirm(
    request: Request, services: ServicesDep, fields: Submitted, selected: Selected
) -> HTMLResponse:
    """Ask what to write to the selected products."""
    return _page(request, services, selected, Form({"quantity": "1", **fields}))


@router.post("/apply", dependencies=_EDITOR)
async def apply(
    request: Request, services: ServicesDep, fields: Submitted, selected: Selected
) -> Response:
    """Write to each of them; one product's failure does not affect the others."""
    form = Form(fields)
    change: dict[str, Any] | None = None
    with form.attempt():
        change = _change(form)
    if change is None:
        return await run_in_threadpool(_page, request, services, selected, form)
    limits = charge(request.scope, len(selected) - 1)
    request_id = request_id_of(request.scope)
    batch = BatchItems(
        services.store.products,
        Idempotency(request, None, b""),
        stamp_for(request),
        request_id,
        services.settings.id_case,
    )
    items = [{"product_id": product_id, **change} for product_id in selected]
    lanes = [(product_id, [index]) for index, product_id in enumerate(selected)]
    answer = await batch.response(request, items, lanes, limits)
    results = json_text.loads(bytes(answer.body))["items"]
    failed = [(selected[one["index"]], one["problem"]) for one in results if "problem" in one]
    back = fields.get("back", "")
    if not failed:
        count = len(results)
        return done(services, back, "bulk", undo=request_id, count=count, of=count)
    return partly_done(request, services, failed, len(results), back, undo=request_id)


@router.post("/export", dependencies=[needs(Role.VIEWER)])
def export(request: Request, services: ServicesDep, selected: Selected) -> Response:
    """Send the selected products as CSV."""
    name = {"Content-Disposition": 'attachment; filename="products.csv"'}
    found = services.read_model.some(selected)
    dialect = Dialect(safe=True, bom=True)
    return page_as("csv", dialect, request, products_format(), found, None, name)


def _change(form: Form) -> dict[str, Any] | None:
    """What each item of the batch has besides its product; None if the form is not valid.

    Raises:
        InvalidRequest: the reason or the action does not fit.

    """
    action, text = form.values.get("action", ""), form.values.get("value", "")
    note = document_of(form.values, ("note",))
    match action:
        case "take" | "add":
            document = adjustment_of({**form.values, "mode": action})
            valid = form.read(AdjustmentRequest, document) is not None
            return {"action": "adjust", **document} if valid else None
        case "category" | "tags":
            changes: dict[str, Any] = document_of({action: text}, (action,)) or {action: None}
            if form.read(ProductPatch, changes) is None:
                return None
        case "no_reorder":
            changes = {"no_reorder": text == "true"}
        case "delete":
            return {"action": "delete", "if_match": "*", **note}
        case _:
            detail = f"must be one of {', '.join(ACTIONS)}"
            errors = [{"pointer": "/action", "detail": detail}]
            raise InvalidRequest(f"action {detail}.", extra={"errors": errors})
    return {"action": "patch", "if_match": "*", "changes": changes, **note}


def _page(request: Request, services: Services, selected: list[str], form: Form) -> HTMLResponse:
    known: dict[str, Product] = {}
    with suppress(StockpulseError):  # without the read model, only their ids are shown
        known = {one.product_id: one for one in services.read_model.some(selected)}
    action = form.values.get("action", "")
    return render(
        request,
        "product_bulk.html",
        status=form.status,
        page="products",
        form=form,
        action=action if action in ACTIONS else "take",
        mode=mode_of(action),
        selected=[(product_id, known.get(product_id)) for product_id in selected],
        reasons_of=REASONS_OF,
        back=back_of(services, form.values.get("back", "")),
    )
