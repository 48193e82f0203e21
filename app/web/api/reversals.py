"""A reversal takes back what one stock change did, once, by a change of its own.

The goods are added or taken again: what happened in between stays. The new change refers
to the old one, and the old one is never touched.
"""

from fastapi import APIRouter, Depends, Request, Response

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
from app.web.contract.refusals import refusals
from app.web.requests.idempotency import KeyedDep
from app.web.requests.parameters import ServicesDep, event_ref, json_body, writable
from app.web.requests.responses import product_answer
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.outputs import ProductOut
from app.web.schemas.product_models import ReversalRequest
from app.web.services import Services

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=StrictRoute)


@router.post(
    "/{event_id}/reversals",
    response_model=ProductOut,
    dependencies=[needs(Role.EDITOR), Depends(writable), Depends(json_body)],
    responses=refusals(
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
    event_id: str,
    body: ReversalRequest,
    request: Request,
    services: ServicesDep,
    keyed: KeyedDep,
) -> Response:
    """Take a stock change back; 409 where it was taken back before."""
    event = _event(event_id, services)
    if event.delta is None:
        raise NotReversible("Only a change of stock from one count to another can be reversed.")
    # An earlier one within a day is replayed; older ones are found by their reference.
    once = keyed.once_for("reversal", event.id, product_answer)
    once.recall()
    if services.store.timeline.refers(event.product_id, event.event_key, event.id):
        raise AlreadyReversed("A later change of this product refers to this one.")
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=event.id)
    return product_answer(
        services.store.products.adjust(event.product_id, -event.delta, stamp, once)
    )


def _event(event_id: str, services: Services) -> ChangeEvent:
    ref = event_ref(event_id)
    return services.store.timeline.event(ref)
