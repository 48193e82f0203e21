"""Forms that add a line: a scan, or the answer to one whose code was unknown or ambiguous.

Each leads back to the draft, or to the question. The id of a scan makes a repeat harmless.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from app.core import json_text
from app.core.errors import ProductExists, StockpulseError
from app.core.events import rfc3339
from app.core.roles import Role
from app.store.idempotency import Once, Replayed
from app.store.products.changes import StockRules
from app.store.stocktake.books import Booked
from app.store.stocktake.draft import REASONS, Draft, Line, Mode
from app.store.stocktake.draft_errors import InvalidDraft
from app.web.auth.permissions import needs
from app.web.pages.forms import Submitted, document_of
from app.web.pages.stocktake.lookup import meant
from app.web.pages.stocktake.scan import Scan, amount_after, scan_of
from app.web.pages.stocktake.take_page import Place, of_fields, refused, to_place
from app.web.requests.idempotency import Idempotency, replay
from app.web.requests.parameters import ServicesDep, in_case, writable
from app.web.requests.queued_route import QueuedRoute
from app.web.requests.write_stamp import actor_of, stamp_for
from app.web.schemas.product_models import ProductCreate, ProductPatch
from app.web.services import Services

WORDS: dict[Mode, str] = {
    "count": "Count",
    "receive": "Delivery",
    "sell": "Sale",
    "write-off": "Write-off",
}

# A scan whose answer was lost waits in the browser, and is sent again when it has network and
# somebody has signed in: perhaps days later, and as another person.
_REPEATED = timedelta(days=30)

router = APIRouter(
    prefix="/stock-take", route_class=QueuedRoute, dependencies=[needs(Role.EDITOR, writable)]
)

Model = TypeVar("Model", bound=BaseModel)
# The id of the product that a scan is for; None: the page has to ask.
Choose = Callable[[Scan], str | None]


@router.post("/scan")
def scan(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Add a line, or ask which product is meant."""

    def chosen(one: Scan) -> str | None:
        if one.last:
            return _newest(services, fields.get("draft", ""), actor_of(request))
        if one.product:
            return one.product
        found = meant(services, one.code)
        return found[0].product_id if len(found) == 1 else None

    return _answered(request, services, fields, chosen)


@router.post("/link")
def link(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Give the product the code as its barcode, and add a line for it."""

    def linked(one: Scan) -> str:
        changes = _checked(ProductPatch, {"barcode": one.code}).changes()
        services.store.products.patch(one.product, changes, "*", stamp_for(request))
        return one.product

    return _answered(request, services, fields, linked)


@router.post("/create")
def create(request: Request, services: ServicesDep, fields: Submitted) -> Response:
    """Create a product with the code as its barcode, and add a line for it."""

    def created(one: Scan) -> str:
        new_id = fields.get("new_id", "")
        document = {"product_id": new_id, "name": fields.get("new_name", ""), "stock": 0}
        barcode = {"barcode": one.code} if one.code != new_id else {}
        body = _checked(ProductCreate, document | document_of(barcode, ("barcode",)))
        draft = body.draft(in_case(body.product_id, services.settings.id_case))
        try:
            services.store.products.create(draft, stamp_for(request))
        except ProductExists:
            # A repeat of this form, whose answer was lost, must go on with the line.
            if services.store.products.get(new_id).barcode != one.code:
                raise
        return new_id

    return _answered(request, services, fields, created, is_new=True)


def _answered(
    request: Request,
    services: Services,
    fields: dict[str, str],
    choose: Choose,
    *,
    is_new: bool = False,
) -> Response:
    """Add the line of the product that is chosen, or lead to the question.

    `is_new`: the product did not exist when it was scanned, so nothing was booked then.
    """
    place = of_fields(fields)
    try:
        one = scan_of(fields, datetime.now(UTC))
        product_id = choose(one)
        if product_id is None:
            at = "" if one.at is None else rfc3339(one.at)
            asked = replace(place, code=one.code, amount=f"{one.amount:f}", at=at)
            return to_place(services, asked)
        found = services.store.books.booked(product_id, None if is_new else one.at)
        rules = StockRules(services.settings.stock_decimals)
        rules.check("quantity", one.amount, found.stock)
        name = place.list_name or default_name(services, place.mode)
        draft = services.store.stocktakes.start(place.draft, name, place.mode, actor_of(request))
        _add(request, services, draft, found, one, fields.get("reason", ""))
    except Replayed as replayed:
        return replay(replayed)
    except StockpulseError as error:
        return refused(request, services, place, error)
    return to_place(services, Place(draft.id))


def _add(
    request: Request, services: Services, draft: Draft, found: Booked, one: Scan, reason: str
) -> None:
    """Add the scan to the line of its product, with what was booked."""
    store, product = services.store, found.product
    product_id = product.product_id
    fitting = REASONS[draft.mode]

    def decide(before: Line | None) -> Line:
        return Line(
            product_id=product_id,
            name=product.name or product_id,
            unit=product.unit,
            price=product.price,
            amount=amount_after(one, None if before is None else before.amount, draft.mode),
            reason=next((word for word in fitting if word == reason), fitting[0]),
            book=found.stock,
            cursor=str(services.broker.head),
            last_count=found.last_count,
            late=found.late,
            actor=actor_of(request),
            at=store.stocktakes.now(),
            version=1 if before is None else before.version,
        )

    content = json_text.dumps([draft.id, one.code, one.product, f"{one.amount:f}", one.sets])
    idempotency = Idempotency(request, one.id or None, content)
    once: Once[Line | None] | None = idempotency.once_whoever_sends(
        _REPEATED, lambda _: to_place(services, Place(draft.id))
    )
    store.stocktakes.set_line(draft.id, product_id, actor_of(request), decide, once)


def default_name(services: Services, mode: str) -> str:
    """The name of a draft that nobody has named."""
    now = datetime.now(UTC).astimezone(ZoneInfo(services.settings.timezone))
    word = next((word for key, word in WORDS.items() if key == mode), "List")
    return f"{word} of {now.day} {now:%b, %H:%M}"


def _newest(services: Services, draft_id: str, actor: str) -> str:
    """The product of this person's last line: others may scan into the same list."""
    for line in services.store.stocktakes.lines(draft_id):
        if line.actor == actor:
            return line.product_id
    raise InvalidDraft(
        "You have no line in this list yet whose quantity could be set. Scan a product first."
    )


def _checked(model: type[Model], document: dict[str, Any]) -> Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0]).replace("_", " ")
        message = str(fault["msg"]).removeprefix("Value error, ")
        raise InvalidDraft(f"The {name} is not valid: {message}.") from None
