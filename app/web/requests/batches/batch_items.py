"""Each item of a batch of writes is validated and applied like a single request.

An `Idempotency-Key` gives each item its own key (`key#index`): a repeat applies only the items that
failed.
"""

from dataclasses import replace
from typing import Any

import orjson
from pydantic import TypeAdapter

from app.store.idempotency import Once
from app.store.products.model import Product, Stamp
from app.store.products.product_repository import ProductRepository
from app.web.requests.batches.item_results import ItemResults, Result
from app.web.requests.idempotency import Idempotency
from app.web.requests.parameters import in_case
from app.web.requests.responses import json_response
from app.web.schemas.batch_models import (
    AdjustItem,
    BatchItem,
    CountItem,
    CreateItem,
    DeleteItem,
    PatchItem,
    ReplaceItem,
)
from app.web.schemas.outputs import product_out
from app.web.schemas.product_ids import IDCase

_ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)


class BatchItems(ItemResults):
    """The items of one request."""

    def __init__(
        self,
        products: ProductRepository,
        idempotency: Idempotency,
        stamp: Stamp,
        request_id: str,
        id_case: IDCase,
    ) -> None:
        super().__init__(request_id)
        self._products = products
        self._idempotency = idempotency
        self._stamp = stamp
        self._id_case = id_case

    def _write(self, index: int, item: Any) -> Result:
        valid = _ITEM.validate_python(item)
        once: Once[Product | None] | None = self._idempotency.once_for_item(
            index, _canonical(item), lambda product: json_response(_success(valid, product))
        )
        return _success(valid, self._written(index, valid, once))

    def _written(self, index: int, item: Any, once: Once[Product | None] | None) -> Product | None:
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


def _success(item: Any, product: Product | None) -> Result:
    if product is None:
        return {"status": 204}
    status = 201 if isinstance(item, CreateItem) else 200
    return {"status": status, "etag": product.etag, "product": product_out(product)}


def _canonical(raw: Any) -> bytes:
    """The item's JSON with sorted names: equal for items that differ only in member order."""
    return orjson.dumps(raw, default=str, option=orjson.OPT_SORT_KEYS)
