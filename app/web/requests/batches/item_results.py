"""Each item of a batch is applied like a single request, and has a result of its own.

Items of one lane are applied in order, different lanes in parallel. An item costs as much as a
single request: each takes a turn among all writes, and counts in the caller's rate limit.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from app.core import json_text
from app.core.errors import StockpulseError
from app.store.idempotency import Replayed
from app.web.errors import InternalError
from app.web.problem_document import document, field_errors
from app.web.requests.idempotency import REPLAYED
from app.web.requests.queued_route import turn_of
from app.web.requests.responses import json_response

_log = logging.getLogger(__name__)

PARALLEL_PRODUCTS = 4  # written at once by one request

_SHOWN_BYTES = 8 << 20  # of results with products; the product is left out of those after them

Result = dict[str, Any]
Lane = tuple[str | None, list[int]]  # a product's id (None: unknown), and its items' indices


class ItemResults(ABC):
    """The items of one request, and their results."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._room = _SHOWN_BYTES
        self._is_repeat = True  # all items have been applied by an earlier request

    @abstractmethod
    def _write(self, index: int, item: Any) -> Result:
        """Apply one item; raises as a single request would."""

    async def response(
        self,
        request: Request,
        items: Sequence[Any],
        lanes: Sequence[Lane],
        headers: Mapping[str, str],
    ) -> Response:
        """Apply the items; returns the response with their results, in the order of the items."""
        results = await self._applied(request, items, lanes)
        replayed = {REPLAYED: "true"} if self._is_repeat else {}
        return Response(
            b'{"items":[' + b",".join(results) + b"]}",
            status_code=207,
            headers={**headers, **replayed},
            media_type="application/json",
        )

    async def _applied(
        self, request: Request, items: Sequence[Any], lanes: Sequence[Lane]
    ) -> list[bytes]:
        results = [b""] * len(items)

        async def apply(left: Iterator[Lane]) -> None:
            for product_id, lane in left:
                for index in lane:
                    results[index] = await apply_one(index, product_id)

        async def apply_one(index: int, product_id: str | None) -> bytes:
            try:
                async with turn_of(request, product_id, "batches of "):
                    return await run_in_threadpool(self._apply, index, items[index])
            except StockpulseError as error:
                return self._encoded(index, self._failure(error))
            except Exception:  # noqa: BLE001 - the other items must still be applied
                return self._encoded(index, self._unexpected(index))

        left = iter(lanes)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(PARALLEL_PRODUCTS):
                tasks.create_task(apply(left))
        return results

    def _apply(self, index: int, item: Any) -> bytes:
        return self._encoded(index, self._result(index, item))

    def _result(self, index: int, item: Any) -> Result:
        try:
            return self._write(index, item)
        except Replayed as replayed:
            stored: Result = json_text.loads(replayed.answer.body)
            return {**stored, "replayed": replayed.again}
        except ValidationError as error:
            return self._invalid(error)
        except StockpulseError as error:
            return self._failure(error)
        except Exception:  # noqa: BLE001 - the other items must still be applied
            return self._unexpected(index)

    def _encoded(self, index: int, result: Result) -> bytes:
        if not result.get("replayed"):
            self._is_repeat = False
        if self._room <= 0:
            result.pop("product", None)
            result.get("problem", {}).pop("conflicts", None)
        body = bytes(json_response({"index": index, **result}).body)
        self._room -= len(body)
        return body

    def _invalid(self, error: ValidationError) -> Result:
        # The first part of a location is the union's tag (the action), which is not in the item.
        errors = field_errors(
            [{**entry, "loc": ("body", *entry["loc"][1:])} for entry in error.errors()]
        )
        detail = "; ".join(f"{entry['pointer'] or 'item'}: {entry['detail']}" for entry in errors)
        found = document(
            self._request_id,
            422,
            "invalid-request",
            "The item is not valid",
            detail,
            {"errors": errors},
        )
        return {"status": 422, "problem": found}

    def _failure(self, error: StockpulseError) -> Result:
        found = document(
            self._request_id, error.status, error.code, error.title, error.detail, error.extra
        )
        return {"status": error.status, "problem": found, "etag": error.headers.get("ETag")}

    def _unexpected(self, index: int) -> Result:
        _log.exception("item %d of batch request %s failed unexpectedly", index, self._request_id)
        return self._failure(InternalError())
