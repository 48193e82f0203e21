"""A batch is many independent writes: each is applied or rejected, and has its own result."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.requests.batches.batch_items import BatchItems
from app.web.requests.batches.item_results import Lane
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import ServicesDep, json_body, writable
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.batch_models import BatchOut, BatchRequest

router = APIRouter(prefix="/v1", tags=["products"], route_class=StrictRoute)


@router.post(
    "/products:batch",
    status_code=207,
    response_model=BatchOut,
    response_description="The result of each item, in the order of the request.",
    dependencies=[needs(Role.EDITOR, writable, json_body)],
)
async def write_batch(
    body: BatchRequest, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Write many products.

    Applies up to 500 writes, each on its own: one item's failure does not affect the others.
    Items of the same product are applied in order. The response is 207 and contains a status for
    each item, also if items fail. If you repeat the request with the same `Idempotency-Key`, only
    the items that failed are tried again. Each item counts as one request in your rate limit; if
    fewer are left, nothing is applied and the response is 429.
    """
    limits = charge(request.scope, len(body.items) - 1)
    batch = BatchItems(
        services.store.products,
        idempotency,
        stamp_for(request),
        request_id_of(request.scope),
        services.settings.id_case,
    )
    return await batch.response(request, body.items, _by_product(body.items), limits)


def _by_product(items: Sequence[Any]) -> list[Lane]:
    """The items' indices by product id, in order; an item without an id is alone."""
    lanes: dict[Any, Lane] = {}
    for index, item in enumerate(items):
        named = item.get("product_id") if isinstance(item, Mapping) else None
        product_id = named if isinstance(named, str) else None
        _, lane = lanes.setdefault(product_id or index, (product_id, []))
        lane.append(index)
    return list(lanes.values())
