"""An event is taken back once, by a new change that names it; it is never modified itself."""

from functools import partial

from fastapi import APIRouter, Request, Response

from app.core.errors import (
    EventNotFound,
    IdempotencyKeyReused,
    InsufficientStock,
    ItemTooLarge,
    MetadataTaken,
    ProductExists,
    ProductGone,
    ProductNotFound,
    StockNotCountable,
    TooMuchContention,
)
from app.core.roles import Role
from app.store.products.model import Product
from app.store.products.reversal.reversal_errors import (
    AlreadyReversed,
    CountedSince,
    NotReversible,
    Superseded,
)
from app.web.auth.permissions import needs
from app.web.contract.error_responses import Responses, error_responses
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.requests.batches.reversal_items import ReversalItems
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import EventID, ServicesDep, event_ref, json_body, writable
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.reversal_models import (
    ReversalBatchOut,
    ReversalBatchRequest,
    ReversalRequest,
    ReversedProductOut,
    reversed_product_out,
)

router = APIRouter(
    prefix="/v1",
    tags=["events"],
    route_class=StrictRoute,
    dependencies=[needs(Role.EDITOR, writable, json_body)],
)

_DELETED: Responses = {
    204: {"description": "The event had created the product, which is now deleted."}
}


@router.post(
    "/events/{event_id}/reversals",
    response_model=ReversedProductOut,
    response_description="The product after the reversal.",
    responses=_DELETED
    | error_responses(
        EventNotFound,
        ProductNotFound,
        ProductGone,
        NotReversible,
        AlreadyReversed,
        Superseded,
        CountedSince,
        InsufficientStock,
        StockNotCountable,
        ProductExists,
        MetadataTaken,
        ItemTooLarge,
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
    """Reverse a change.

    Takes back what the event changed with a new change, whose `reverses` is this event's id. The
    stock changes by the opposite amount, so later changes of it remain. Other fields are set back,
    unless a later change touched them (409 `superseded`). A deleted product is restored, a created
    one is deleted. An event can be reversed once; its reversal can be reversed, too.
    """
    event = services.store.timeline.event(event_ref(event_id))
    reversals = services.store.reversals
    respond = partial(_response, reversals.left_as_is(event))
    spent = partial(reversals.already, event)
    once = idempotency.once_for_action("reversal", event.id, respond, spent)
    stamp = stamp_for(request, reason=body.reason, note=body.note, reverses=event.id)
    return respond(reversals.reverse(event, stamp, once))


@router.post(
    "/reversals",
    status_code=207,
    response_model=ReversalBatchOut,
    response_description="The result of each event, in the order of the request.",
)
async def reverse_events(
    body: ReversalBatchRequest, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Reverse many changes.

    Reverses up to 500 events, each on its own: one event's failure does not affect the others.
    Events of the same product are reversed newest first, whatever their order in the request. The
    response is 207 and contains a status for each event. If you repeat the request with the same
    `Idempotency-Key`, only the events that failed are tried again. Each event counts as one request
    in your rate limit; if fewer are left, nothing is applied and the response is 429.
    """
    limits = charge(request.scope, len(body.events) - 1)
    stamp = stamp_for(request, reason=body.reason, note=body.note)
    batch = ReversalItems(services.store, idempotency, stamp, request_id_of(request.scope))
    return await batch.response(request, body.events, batch.lanes(body.events), limits)


def _response(left: tuple[str, ...], product: Product | None) -> Response:
    if product is None:
        return Response(status_code=204)
    return json_response(reversed_product_out(product, left), headers={"ETag": product.etag})
