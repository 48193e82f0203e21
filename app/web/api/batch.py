"""A batch is many independent writes: each is applied or rejected, and has its own result.

Items of one product are applied in order, different products in parallel. An `Idempotency-Key`
gives each item its own key (`key#index`): a repeat applies only the items that failed.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter, ValidationError

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.store.idempotency import Once, Replayed
from app.store.products.model import Product, Stamp
from app.store.products.product_repository import ProductRepository
from app.web import problems
from app.web.auth.permissions import needs
from app.web.errors import InternalError
from app.web.middleware.request_guard import request_id_of
from app.web.requests.idempotency import REPLAYED, Idempotency, IdempotencyDep
from app.web.requests.parameters import ServicesDep, in_case, writable_json
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

router = APIRouter(prefix="/v1", tags=["products"], route_class=StrictRoute)

_ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)

Result = dict[str, Any]


@router.post(
    "/products:batch",
    status_code=207,
    response_model=BatchOut,
    response_description="The result of each item, in the order of the request.",
    dependencies=[needs(Role.EDITOR), Depends(writable_json)],
)
def write_batch(
    body: BatchRequest, request: Request, services: ServicesDep, idempotency: IdempotencyDep
) -> Response:
    """Write many products.

    Applies up to 500 writes, each on its own: one item's failure does not affect the others.
    Items of the same product are applied in order. The response is 207 and contains a status for
    each item, also if items fail. If you repeat the request with the same `Idempotency-Key`, only
    the items that failed are tried again.
    """
    batch = _Batch(
        services.store.products,
        idempotency,
        stamp_for(request),
        request_id_of(request.scope),
        services.settings.id_case,
    )
    with ThreadPoolExecutor(PARALLEL_PRODUCTS, thread_name_prefix="batch") as threads:
        results = [
            result
            for lane in threads.map(batch.apply_in_order, _by_product(body.items))
            for result in lane
        ]
    replayed = {REPLAYED: "true"} if all(result.get("replayed") for result in results) else {}
    return json_response({"items": sorted(results, key=_index)}, status=207, headers=replayed)


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

    def apply_in_order(self, items: Sequence[tuple[int, Any]]) -> list[Result]:
        """Apply the items of one product; returns their results."""
        return [{"index": index, **self._apply(index, raw)} for index, raw in items]

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
            # A second change with the same request id counts as a repeat by another program.
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


def _by_product(items: Sequence[Any]) -> list[list[tuple[int, Any]]]:
    """The items with their indices, grouped by product, in order."""
    lanes: dict[Any, list[tuple[int, Any]]] = {}
    for index, item in enumerate(items):
        product_id = item.get("product_id") if isinstance(item, Mapping) else None
        lane = product_id if isinstance(product_id, str) else index
        lanes.setdefault(lane, []).append((index, item))
    return list(lanes.values())


def _canonical(raw: Any) -> bytes:
    """The item's JSON with sorted names: equal for items that differ only in member order."""
    return orjson.dumps(raw, default=str, option=orjson.OPT_SORT_KEYS)


def _index(result: Result) -> int:
    index: int = result["index"]
    return index
