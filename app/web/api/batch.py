"""A batch is many independent writes: each is applied or rejected, and has its own result.

Items of one product are applied in order, different products in parallel. An item costs as much as
a single request: each takes a turn among all writes, and counts in the caller's rate limit.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.api.batch_items import BatchItems
from app.web.auth.permissions import needs
from app.web.errors import InternalError
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.requests.idempotency import REPLAYED, IdempotencyDep
from app.web.requests.parameters import ServicesDep, json_body, writable
from app.web.requests.queued_route import turn_of
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.batch_models import BatchOut, BatchRequest

_log = logging.getLogger(__name__)

PARALLEL_PRODUCTS = 4  # written at once by one request

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
    results = await _applied(request, batch, body.items)
    replayed = {REPLAYED: "true"} if batch.is_repeat else {}
    content = b'{"items":[' + b",".join(results) + b"]}"
    return Response(
        content,
        status_code=207,
        headers={**limits, **replayed},
        media_type="application/json",
    )


async def _applied(request: Request, batch: BatchItems, items: Sequence[Any]) -> list[bytes]:
    """Apply the items; returns their results as JSON."""
    results = [b""] * len(items)

    async def apply(lanes: Iterator[tuple[str | None, list[int]]]) -> None:
        for product_id, lane in lanes:
            for index in lane:
                results[index] = await apply_one(index, product_id)

    async def apply_one(index: int, product_id: str | None) -> bytes:
        try:
            async with turn_of(request, product_id, "batches of "):
                return await run_in_threadpool(batch.apply, index, items[index])
        except StockpulseError as error:
            return batch.refused(index, error)
        except Exception:  # noqa: BLE001 - the other items must still be applied
            _log.exception("item %d of a batch failed unexpectedly", index)
            return batch.refused(index, InternalError())

    lanes = iter(_by_product(items))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(PARALLEL_PRODUCTS):
            tasks.create_task(apply(lanes))
    return results


def _by_product(items: Sequence[Any]) -> list[tuple[str | None, list[int]]]:
    """The items' indices by product id, in order; an item without an id is alone."""
    lanes: dict[Any, tuple[str | None, list[int]]] = {}
    for index, item in enumerate(items):
        named = item.get("product_id") if isinstance(item, Mapping) else None
        product_id = named if isinstance(named, str) else None
        _, lane = lanes.setdefault(product_id or index, (product_id, []))
        lane.append(index)
    return list(lanes.values())
