"""Each operation on products and events has one example; together they are a day in a tea shop.

The tests send them in this order and compare the responses, except for values that differ each
time, such as times and ids.
"""

from collections.abc import Mapping
from typing import Any

from app.core.errors import ProductNotFound
from app.core.events import event_id
from app.web.contract.examples.example import ETAG, Example, a_product

_EVENT_ID = event_id("TEA-1", "2026-11-21T07:00:00.000#" + "2".zfill(40))


_SOLD = a_product(stock=38, version=2, updated_at="2026-11-21T08:12:31.004Z")


def _image(stock: int, version: int, updated: str, **stamp: str) -> dict[str, Any]:
    return {
        "ProductID": "TEA-1",
        "ProductName": "Earl Grey, 100 g",
        "Stock": stock,
        "Category": "Tea",
        "Price": "6.9",
        "ReorderPoint": 10,
        "Tags": ["black", "loose"],
        "Barcode": "4006381333931",
        "Stockpulse": {
            "version": version,
            "created_at": "2026-11-21T08:00:00.120Z",
            "updated_at": updated,
            "actor": "local",
            "request_id": "0b9f8f7a2f3e4d5c8a7b6c5d4e3f2a1b",
            "signature": "own:5Z0m8u6l3mHc0kq9f0b7Qb2oJY3s8o3l2v1cV5Yw2Kk",
            **stamp,
        },
    }


_SALE = {
    "specversion": "1.0",
    "id": _EVENT_ID,
    "source": "/tables/Products",
    "type": "stockpulse.product.stock_changed",
    "subject": "TEA-1",
    "time": "2026-11-21T08:12:31Z",
    "datacontenttype": "application/json",
    "data": {
        "id": _EVENT_ID,
        "event_key": "2026-11-21T07:00:00.000#0000000000000000000000000000000000000002",
        "kind": "stock_changed",
        "product_id": "TEA-1",
        "product_name": "Earl Grey, 100 g",
        "category": "Tea",
        "before": _image(40, 1, "2026-11-21T08:00:00.120Z"),
        "after": _image(38, 2, "2026-11-21T08:12:31.004Z", reason="sold", reference="SO-1042"),
        "images_omitted": False,
        "changed": ["Stock"],
        "stock_before": 40,
        "stock_after": 38,
        "delta": -2,
        "unit": None,
        "actor": "local",
        "reason": "sold",
        "note": None,
        "reference": "SO-1042",
        "request_id": "0b9f8f7a2f3e4d5c8a7b6c5d4e3f2a1b",
        "reverses": None,
        "occurred_at": "2026-11-21T08:12:31Z",
        "event_name": "MODIFY",
        "sequence_number": "2",
        "view_type": "NEW_AND_OLD_IMAGES",
    },
}
_PAGE = {"items": [_SALE], "next_cursor": None}
_TEA = {"product_id": "TEA-1"}

# By operation id, in the order in which the tests send them.
EXAMPLES: Mapping[str, Example] = {
    "create_product": Example(
        201,
        parameters={"idempotency-key": "3f1d9a52-delivery-7"},
        body={
            "product_id": "TEA-1",
            "name": "Earl Grey, 100 g",
            "stock": 40,
            "category": "Tea",
            "price": "6.90",
            "reorder_point": 10,
            "tags": ["black", "loose"],
            "barcode": "4006381333931",
        },
        response=a_product(warnings=[]),
        headers=("ETag", "Location"),
    ),
    "get_product": Example(200, parameters=_TEA, response=a_product(), headers=("ETag",)),
    "list_products": Example(
        200,
        parameters={"limit": 50},
        response={
            "items": [a_product()],
            "next_cursor": None,
            "total": None,
            "as_of": "2026-11-21T08:15:00Z",
            "unknown": None,
            "seen": None,
        },
    ),
    "adjust_product": Example(
        200,
        parameters=_TEA | {"idempotency-key": "till-2-1042"},
        body={"delta": -2, "reason": "sold", "reference": "SO-1042"},
        response=_SOLD,
        headers=("ETag",),
    ),
    "list_product_events": Example(200, parameters=_TEA | {"limit": 1}, response=_PAGE),
    "list_events": Example(
        200,
        parameters={"q": 'reason:sold -actor:till "earl grey"', "kind": ["stock_changed"]},
        response=_PAGE | {"total": None, "as_of": "2026-11-21T08:15:00Z", "filling": None},
    ),
    "get_event": Example(200, parameters={"event_id": _EVENT_ID}, response=_SALE),
    "reverse_event": Example(
        200,
        parameters={"event_id": _EVENT_ID},
        body={"note": "rung up twice"},
        response=a_product(version=3, updated_at="2026-11-21T08:15:02.871Z", not_reversed=[]),
        headers=("ETag",),
    ),
    "count_product": Example(
        200,
        parameters=_TEA,
        body={"counted": 39, "note": "one box was torn"},
        response=a_product(stock=39, version=4, updated_at="2026-11-21T18:30:12.400Z"),
        headers=("ETag",),
    ),
    "patch_product": Example(
        200,
        parameters=_TEA | {"if-match": "*"},
        body={"price": "7.20", "barcode": None},
        response=a_product(
            stock=39,
            price="7.2",
            barcode=None,
            version=5,
            updated_at="2026-11-21T18:31:40.033Z",
            warnings=[],
        ),
        headers=("ETag",),
    ),
    "put_product": Example(
        200,
        parameters=_TEA | {"if-match": "*"},
        body={"name": "Earl Grey, 100 g tin", "stock": 39, "category": "Tea", "price": "7.90"},
        response=a_product(
            name="Earl Grey, 100 g tin",
            stock=39,
            price="7.9",
            reorder_point=None,
            tags=[],
            barcode=None,
            version=6,
            updated_at="2026-11-21T18:35:00.900Z",
            warnings=[],
        ),
        headers=("ETag",),
    ),
    "write_batch": Example(
        207,
        parameters={"idempotency-key": "evening-2026-11-21"},
        body={
            "items": [
                {
                    "action": "adjust",
                    "product_id": "TEA-1",
                    "delta": 12,
                    "reason": "received",
                    "reference": "DN-77",
                },
                {"action": "count", "product_id": "TEA-9", "counted": 3},
            ]
        },
        response={
            "items": [
                {
                    "index": 0,
                    "status": 200,
                    "etag": ETAG,
                    "product": a_product(
                        name="Earl Grey, 100 g tin",
                        stock=51,
                        price="7.9",
                        reorder_point=None,
                        tags=[],
                        barcode=None,
                        version=7,
                        updated_at="2026-11-21T19:00:00.050Z",
                    ),
                },
                {
                    "index": 1,
                    "status": 404,
                    "etag": None,
                    "problem": {
                        "type": "urn:stockpulse:problem:product-not-found",
                        "title": ProductNotFound.title,
                        "status": 404,
                        "detail": "No product has this id. Look it up in the list of products.",
                        "code": "product-not-found",
                        "request_id": "0b9f8f7a2f3e4d5c8a7b6c5d4e3f2a1b",
                    },
                },
            ]
        },
    ),
    "delete_product": Example(
        204, parameters=_TEA | {"if-match": "*", "reason": "correction", "note": "listed twice"}
    ),
}
