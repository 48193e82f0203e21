"""A batch is many independent writes: each is applied or rejected, and has its own result.

Items of one product are applied in order, different products in parallel. An `Idempotency-Key`
gives each item its own key (`key#index`): a repeat applies only the items that failed.

An item costs as much as a single request: each takes a turn among all writes, and counts in the
caller's rate limit.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.idempotency import Once, Replayed
from app.store.products.model import Product, Stamp
from app.store.products.product_repository import ProductRepository
from app.web import problems
from app.web.auth.permissions import needs
from app.web.errors import InternalError
from app.web.middleware.rate_limits import charge
from app.web.middleware.request_guard import request_id_of
from app.web.requests.idempotency import REPLAYED, Idempotency, IdempotencyDep
from app.web.requests.parameters import ServicesDep, in_case, json_body, writable
from app.web.requests.queued_route import turn_of
from app.web.requests.responses import json_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.batch_models import (
    AdjustItem,
    BatchItem,
    BatchOut,
    BatchRequest,
    CountItem,
    CreateItem,
    DeleteItem,
    PatchItem,
    ReplaceItem,
)
from app.web.schemas.outputs import product_out
from app.web.schemas.product_ids import IDCase

_log = logging.getLogger(__name__)

PARALLEL_PRODUCTS = 4  # written at once by one request
_SHOWN_BYTES = 8 << 20  # of results with products; the product is left out of those after them

router = APIRouter(prefix="/v1", tags=["products"], route_class=StrictRoute)

_ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)

Result = dict[str, Any]


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
    batch = _Batch(
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


async def _applied(request: Request, batch: "_Batch", items: Sequence[Any]) -> list[bytes]:
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

    lanes = iter(_by_product(items))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(PARALLEL_PRODUCTS):
            tasks.create_task(apply(lanes))
    return results


class _Batch:
    """The items of one request."""

    def __init__(
        self,
        products: ProductRepository,
        idempotency: Idempotency,
        stamp: Stamp,
        request_id: str,
        id_case: IDCase,
    ) -> None:
        self._products = products
        self._idempotency = idempotency
        self._stamp = stamp
        self._request_id = request_id
        self._id_case = id_case
        self._room = _SHOWN_BYTES
        self.is_repeat = True  # all items have been applied by an earlier request

    def apply(self, index: int, raw: Any) -> bytes:
        """Apply one item; returns its result as JSON."""
        return self._encoded(index, self._apply(index, raw))

    def refused(self, index: int, error: StockpulseError) -> bytes:
        """The result of an item that could not be applied."""
        return self._encoded(index, self._failure(error))

    def _encoded(self, index: int, result: Result) -> bytes:
        if not result.get("replayed"):
            self.is_repeat = False
        if self._room <= 0:
            result.pop("product", None)
        body = bytes(json_response({"index": index, **result}).body)
        self._room -= len(body)
        return body

    def _apply(self, index: int, raw: Any) -> Result:
        try:
            item = _ITEM.validate_python(raw)
            once: Once[Product | None] | None = self._idempotency.once_for_item(
                index, _canonical(raw), lambda product: json_response(_success(item, product))
            )
            return _success(item, self._write(index, item, once))
        except Replayed as replayed:
            stored: Result = orjson.loads(replayed.answer.body)
            return {**stored, "replayed": replayed.again}
        except ValidationError as error:
            return self._invalid(error)
        except StockpulseError as error:
            return self._failure(error)
        except Exception:  # noqa: BLE001 - the other items must still be applied
            _log.exception(
                "item %d of batch request %s failed unexpectedly", index, self._request_id
            )
            return self._failure(InternalError())

    def _write(self, index: int, item: Any, once: Once[Product | None] | None) -> Product | None:
        """Apply one item; returns the product, or None if the item deleted it."""
        stamp = replace(
            self._stamp,
            # A stamp is trusted only if its request id differs from the previous one.
            request_id=f"{self._request_id}.{index}",
            reason=item.reason,
            note=item.note,
            reference=item.reference,
        )
        products = self._products
        match item:
            case CreateItem():
                draft = item.draft(in_case(item.product_id, self._id_case))
                return products.create(draft, stamp, once)
            case ReplaceItem():
                draft = item.draft(item.product_id)
                return products.replace(draft, item.if_match, stamp, once)
            case PatchItem():
                changes = item.changes.changes()
                return products.patch(item.product_id, changes, item.if_match, stamp, once)
            case AdjustItem():
                return products.adjust(item.product_id, item.delta, stamp, once)
            case CountItem():
                return products.count(item.product_id, item.counted, stamp, once)
            case DeleteItem():
                products.delete(item.product_id, item.if_match, stamp, once)
                return None
            case _:
                raise AssertionError(f"no such action: {item!r}")

    def _invalid(self, error: ValidationError) -> Result:
        # The first part of a location is the union's tag (the action), which is not in the item.
        errors = problems.field_errors(
            [{**entry, "loc": ("body", *entry["loc"][1:])} for entry in error.errors()]
        )
        detail = "; ".join(f"{entry['pointer'] or 'item'}: {entry['detail']}" for entry in errors)
        document = problems.document(
            self._request_id,
            422,
            "invalid-request",
            "The item is not valid",
            detail,
            {"errors": errors},
        )
        return {"status": 422, "problem": document}

    def _failure(self, error: StockpulseError) -> Result:
        document = problems.document(
            self._request_id, error.status, error.code, error.title, error.detail, error.extra
        )
        return {"status": error.status, "problem": document, "etag": error.headers.get("ETag")}


def _success(item: Any, product: Product | None) -> Result:
    if product is None:
        return {"status": 204}
    status = 201 if isinstance(item, CreateItem) else 200
    return {"status": status, "etag": product.etag, "product": product_out(product)}


def _by_product(items: Sequence[Any]) -> list[tuple[str | None, list[int]]]:
    """The items' indices by product id, in order; an item without an id is alone."""
    lanes: dict[Any, tuple[str | None, list[int]]] = {}
    for index, item in enumerate(items):
        named = item.get("product_id") if isinstance(item, Mapping) else None
        product_id = named if isinstance(named, str) else None
        _, lane = lanes.setdefault(product_id or index, (product_id, []))
        lane.append(index)
    return list(lanes.values())


def _canonical(raw: Any) -> bytes:
    """The item's JSON with sorted names: equal for items that differ only in member order."""
    return orjson.dumps(raw, default=str, option=orjson.OPT_SORT_KEYS)
