"""A stock change can be reversed once, by a new change that refers to it.

The reversal subtracts the change's delta from the current stock: later changes remain. The
original event is never modified.
"""

from fastapi import APIRouter, Request, Response

from app.core.errors import (
    AlreadyReversed,
    EventNotFound,
    IdempotencyKeyReused,
    InsufficientStock,
    NotReversible,
    ProductGone,
    ProductNotFound,
    StockNotCountable,
    TooMuchContention,
)
from app.core.events import ChangeEvent
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import EventID, ServicesDep, event_ref, json_body, writable
from app.web.requests.responses import product_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.outputs import ProductOut
from app.web.schemas.product_models import ReversalRequest
from app.web.services import Services

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=StrictRoute)


@router.post(
    "/{event_id}/reversals",
    response_model=ProductOut,
    response_description="The updated product.",
    dependencies=[needs(Role.EDITOR, writable, json_body)],
    responses=error_responses(
        EventNotFound,
        ProductNotFound,
        ProductGone,
        NotReversible,
        AlreadyReversed,
        InsufficientStock,
        StockNotCountable,
        TooMuchContention,
        IdempotencyKeyReused,
    ),
)
def reverse_event(
    event_id: EventID,
    body: ReversalRequest,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Reverse a stock change.

    Undoes the change's effect on the stock with a new change, whose `reference` is this event's
    id. Later changes remain. An event can be reversed once: repeats within 24 hours get the first
    response again, later ones fail with 409.
    """
    event = _event(event_id, services)
    if event.kind != "stock_changed" or event.delta is None:
        raise NotReversible("Only a change of stock from one count to another can be reversed.")
    # The row of the reversal says that there was one. The history need not be read for it.
    spent = AlreadyReversed("A later change of this product has already reversed this one.")
    once = idempotency.once_for_action("reversal", event.id, product_response, spent)
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=event.id)
    return product_response(
        services.store.products.adjust(event.product_id, -event.delta, stamp, once)
    )


def _event(event_id: str, services: Services) -> ChangeEvent:
    ref = event_ref(event_id)
    return services.store.timeline.event(ref)
