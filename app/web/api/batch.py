"""Many writes in one request: each is applied or refused by itself, and the answer says which.

Items of one product are applied in their order, different products side by side. With an
`Idempotency-Key` each item has its own (`key#index`): a repeat does what was left undone.
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
from app.web.middleware.request_guard import request_id_of
from app.web.requests.idempotency import REPLAYED, Keyed, KeyedDep
from app.web.requests.parameters import ServicesDep, json_body, writable
from app.web.requests.responses import json_answer
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

_log = logging.getLogger(__name__)

AT_ONCE = 4  # products written side by side in one request

router = APIRouter(prefix="/v1", tags=["products"], route_class=StrictRoute)

_ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)

Result = dict[str, Any]


@router.post(
    "/products:batch",
    status_code=207,
    response_model=BatchOut,
    dependencies=[needs(Role.EDITOR), Depends(writable), Depends(json_body)],
)
def write_batch(
    body: BatchRequest, request: Request, services: ServicesDep, keyed: KeyedDep
) -> Response:
    """Apply up to 500 writes; 207 with what became of each."""
    batch = _Batch(services.store.products, keyed, stamp_for(request), request_id_of(request.scope))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="batch") as threads:
        results = [
            result
            for lane in threads.map(batch.apply_in_order, _by_product(body.items))
            for result in lane
        ]
    again = {REPLAYED: "true"} if all(result.get("replayed") for result in results) else {}
    return json_answer({"items": sorted(results, key=_index)}, status=207, headers=again)


class _Batch:
    """The items of one request."""

    def __init__(
        self, products: ProductRepository, keyed: Keyed, stamp: Stamp, request_id: str
    ) -> None:
        self._products = products
        self._keyed = keyed
        self._stamp = stamp
        self._request_id = request_id

    def apply_in_order(self, items: Sequence[tuple[int, Any]]) -> list[Result]:
        """What became of each item of one product."""
        return [{"index": index, **self._apply(index, raw)} for index, raw in items]

    def _apply(self, index: int, raw: Any) -> Result:
        try:
            item = _ITEM.validate_python(raw)
            once: Once[Product | None] | None = self._keyed.once_of(
                index, _said(raw), lambda left: json_answer(_done(item, left))
            )
            return _done(item, self._write(index, item, once))
        except Replayed as replayed:
            kept: Result = orjson.loads(replayed.answer.body)
            return {**kept, "replayed": replayed.again}
        except ValidationError as error:
            return self._invalid(error)
        except StockpulseError as error:
            return self._refused(error)
        except Exception:  # noqa: BLE001 - the other items must not fall with it
            _log.exception("item %d of request %s failed", index, self._request_id)
            detail = "This is a fault of ours; the log has it under the request id."
            return self._refused(StockpulseError(detail))

    def _write(self, index: int, item: Any, once: Once[Product | None] | None) -> Product | None:
        """The product as the item left it; None where it is gone."""
        stamp = replace(
            self._stamp,
            # A stamp is believed where its request differs from the one before it.
            request_id=f"{self._request_id}.{index}",
            reason=item.reason,
            note=item.note,
            reference=item.reference,
        )
        products = self._products
        match item:
            case CreateItem():
                return products.create(item.draft(item.product_id), stamp, once)
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
        # The model's first step is into the member of the union: the action, which has no name.
        faults = problems.field_errors(
            [{**fault, "loc": ("body", *fault["loc"][1:])} for fault in error.errors()]
        )
        named = "; ".join(f"{fault['pointer'] or 'item'}: {fault['detail']}" for fault in faults)
        document = problems.document(
            self._request_id,
            422,
            "invalid-request",
            "The item is not valid",
            named,
            {"errors": faults},
        )
        return {"status": 422, "problem": document}

    def _refused(self, error: StockpulseError) -> Result:
        document = problems.document(
            self._request_id, error.status, error.code, error.title, error.detail, error.extra
        )
        return {"status": error.status, "problem": document, "etag": error.headers.get("ETag")}


def _done(item: Any, product: Product | None) -> Result:
    if product is None:
        return {"status": 204}
    status = 201 if isinstance(item, CreateItem) else 200
    return {"status": status, "etag": product.etag, "product": product_out(product)}


def _by_product(items: Sequence[Any]) -> list[list[tuple[int, Any]]]:
    """The items with their indices, those of one product together in their order."""
    lanes: dict[Any, list[tuple[int, Any]]] = {}
    for index, item in enumerate(items):
        product_id = item.get("product_id") if isinstance(item, Mapping) else None
        lane = product_id if isinstance(product_id, str) else index
        lanes.setdefault(lane, []).append((index, item))
    return list(lanes.values())


def _said(raw: Any) -> bytes:
    """What the item says, however its members were ordered."""
    return orjson.dumps(raw, default=str, option=orjson.OPT_SORT_KEYS)


def _index(result: Result) -> int:
    index: int = result["index"]
    return index
