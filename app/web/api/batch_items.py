"""Each item of a batch is validated and applied like a single request, and has a result of its own.

An `Idempotency-Key` gives each item its own key (`key#index`): a repeat applies only the items that
failed.
"""

import logging
from dataclasses import replace
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from app.core import json_text
from app.core.errors import StockpulseError
from app.store.idempotency import Once, Replayed
from app.store.products.model import Product, Stamp
from app.store.products.product_repository import ProductRepository
from app.web import problems
from app.web.errors import InternalError
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

_log = logging.getLogger(__name__)

_SHOWN_BYTES = 8 << 20  # of results with products; the product is left out of those after them

_ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)

Result = dict[str, Any]


class BatchItems:
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
            stored: Result = json_text.loads(replayed.answer.body)
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


def _canonical(raw: Any) -> bytes:
    """The item's JSON with sorted names: equal for items that differ only in member order."""
    return orjson.dumps(raw, default=str, option=orjson.OPT_SORT_KEYS)
