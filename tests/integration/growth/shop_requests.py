"""An example request for every page of products, counts and alerts; `n`: 1 has few rows, 2 many."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from app.core.events import rfc3339
from tests.integration.growth.asking import (
    _BOARD,
    _DRAFTS,
    TOMORROW,
    Ask,
    ask,
    etag,
    export,
    imported,
    take,
)
from tests.integration.growth.kit import Shop
from tests.support.http.routes import Route

SHOP: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
    ("GET", "/products"): lambda shop, n: [ask("/products")],
    ("GET", "/products/export"): lambda shop, n: [ask("/products/export")],
    ("POST", "/products/export"): lambda shop, n: [ask("/products/export")],
    ("GET", "/products/export/file"): lambda shop, n: [ask("/products/export/file?format=csv")],
    ("POST", "/products/export/delete"): lambda shop, n: [
        ask("/products/export/delete", data={"id": export(shop)})
    ],
    ("GET", "/products/import"): lambda shop, n: [ask("/products/import")],
    ("POST", "/products/import"): lambda shop, n: [
        ask("/products/import", data={"x": "y"}, is_error=True)
    ],
    ("GET", "/products/import/preview"): lambda shop, n: [
        ask(f"/products/import/preview?id={imported(shop, n)}")
    ],
    ("POST", "/products/import/columns"): lambda shop, n: [
        ask(
            "/products/import/columns",
            data={"id": imported(shop, n), "column0": "name", "column1": "name"},
            is_error=True,
        )
    ],
    ("POST", "/products/import/start"): lambda shop, n: [
        ask("/products/import/start", data={"id": "nothing"}, is_error=True)
    ],
    ("POST", "/products/import/undo"): lambda shop, n: [
        ask("/products/import/undo", data={"id": "nothing"}, is_error=True)
    ],
    ("POST", "/products/import/delete"): lambda shop, n: [
        ask("/products/import/delete", data={"id": imported(shop, n)})
    ],
    ("GET", "/products/new"): lambda shop, n: [ask("/products/new")],
    ("POST", "/products/new"): lambda shop, n: [
        ask("/products/new", data={"product_id": f"page-{n}", "name": "New", "stock": "1"})
    ],
    ("GET", "/products/edit"): lambda shop, n: [ask("/products/edit?id=P")],
    ("POST", "/products/edit"): lambda shop, n: [
        ask("/products/edit?id=P", data={"etag": etag(shop, "P"), "name": f"Jug {n}"})
    ],
    ("GET", "/products/adjust"): lambda shop, n: [ask("/products/adjust?id=P")],
    ("POST", "/products/adjust"): lambda shop, n: [
        ask("/products/adjust?id=P", data={"quantity": "1", "mode": "add"})
    ],
    ("GET", "/products/delete"): lambda shop, n: [ask("/products/delete?id=P")],
    ("POST", "/products/delete"): lambda shop, n: [
        ask(f"/products/delete?id=page-{n}", data={"etag": etag(shop, f"page-{n}")})
    ],
    ("GET", "/products/history"): lambda shop, n: [
        ask("/products/history?id=P"),
        ask(f"/products/history?id=P&at={rfc3339(datetime.now(UTC))}"),
    ],
    ("GET", "/products/history/file"): lambda shop, n: [
        ask("/products/history/file?id=P&format=csv")
    ],
    ("GET", "/products/restore"): lambda shop, n: [
        ask(f"/products/restore?id=P&at={rfc3339(datetime.now(UTC))}")
    ],
    ("POST", "/products/restore"): lambda shop, n: [
        ask(
            f"/products/restore?id=P&at={rfc3339(datetime.now(UTC))}",
            data={"etag": etag(shop, "P"), "restore_name": "true"},
        )
    ],
    ("GET", "/alerts"): lambda shop, n: [
        ask(f"/alerts?tab={tab}", rows=_BOARD) for tab in ("open", "resolved")
    ],
    ("GET", "/alerts/product"): lambda shop, n: [ask("/alerts/product?id=g9", rows=_BOARD)],
    ("GET", "/alerts/order"): lambda shop, n: [ask(f"/alerts/order?id=g{n}&alerts=low-1")],
    ("POST", "/alerts/order"): lambda shop, n: [
        ask(
            f"/alerts/order?id=g{n}",
            data={"alerts": "low-1", "quantity": "5", "expected": rfc3339(TOMORROW)[:10]},
        )
    ],
    ("GET", "/alerts/snooze"): lambda shop, n: [ask(f"/alerts/snooze?id=g{n}&alerts=low-1")],
    ("POST", "/alerts/snooze"): lambda shop, n: [
        ask(f"/alerts/snooze?id=g{n}", data={"alerts": "low-1", "days": "3"})
    ],
    ("POST", "/alerts/acknowledge"): lambda shop, n: [
        ask(f"/alerts/acknowledge?id=g{n}", data={"alerts": "low-1"})
    ],
    ("POST", "/alerts/reopen"): lambda shop, n: [
        ask(f"/alerts/reopen?id=g{n}", data={"alerts": "low-1"})
    ],
    ("GET", "/alerts/export"): lambda shop, n: [ask("/alerts/export?tab=reorder", rows=_BOARD)],
    ("POST", "/alerts/export"): lambda shop, n: [ask("/alerts/export?tab=reorder", rows=_BOARD)],
    ("GET", "/alerts/export/file"): lambda shop, n: [
        ask("/alerts/export/file?tab=reorder&format=csv", rows=_BOARD)
    ],
    ("POST", "/alerts/export/delete"): lambda shop, n: [
        ask("/alerts/export/delete", data={"id": export(shop)})
    ],
    ("POST", "/stock-take/scan"): lambda shop, n: [
        ask("/stock-take/scan", data={"draft": take(n), "mode": "count", "code": "g1"}),
        ask("/stock-take/scan", data={"draft": take(n), "mode": "count", "code": "4*g1"}),
    ],
    ("GET", "/stock-take"): lambda shop, n: [
        ask("/stock-take", more_calls=1, rows=_DRAFTS),
        ask(f"/stock-take?draft={take(n)}"),
        ask("/stock-take?mode=sell&code=nothing", more_calls=1, rows=_DRAFTS),
    ],
    ("GET", "/stock-take/news"): lambda shop, n: [ask(f"/stock-take/news?draft={take(n)}")],
    ("POST", "/stock-take/link"): lambda shop, n: [
        ask("/stock-take/link", data={"draft": take(n), "product": "g2", "code": f"link-{n}"})
    ],
    ("POST", "/stock-take/create"): lambda shop, n: [
        ask(
            "/stock-take/create",
            data={"draft": take(n), "code": f"c{n}", "new_id": f"take-{n}", "new_name": "Cup"},
        )
    ],
    ("POST", "/stock-take/remove"): lambda shop, n: [
        ask("/stock-take/remove", data={"draft": take(n), "product": "g2"})
    ],
    ("POST", "/stock-take/name"): lambda shop, n: [
        ask("/stock-take/name", data={"draft": take(n), "list_name": "Aisle 4"})
    ],
    ("POST", "/stock-take/commit"): lambda shop, n: [
        ask("/stock-take/commit", data={"draft": take(n)})
    ],
    ("POST", "/stock-take/undo"): lambda shop, n: [
        ask("/stock-take/undo", data={"draft": take(n)}, is_error=True)
    ],
    ("POST", "/stock-take/discard"): lambda shop, n: [
        ask("/stock-take/discard", data={"draft": take(n)}, is_error=True)
    ],
    ("POST", "/products/bulk"): lambda shop, n: [
        ask("/products/bulk", data={"action": "take", "product": ["P", "g1"]})
    ],
    ("POST", "/products/bulk/apply"): lambda shop, n: [
        ask(
            "/products/bulk/apply",
            data={"action": "add", "quantity": "1", "product": ["P", "g2"]},
        )
    ],
    ("POST", "/products/bulk/export"): lambda shop, n: [
        ask("/products/bulk/export", data={"product": ["P", "g1"]})
    ],
    ("POST", "/products/undo"): lambda shop, n: [
        ask("/products/undo", data={"request": f"r-{n}"}, is_error=True)
    ],
    ("POST", "/products/undelete"): lambda shop, n: [
        ask("/products/undelete?id=none", is_error=True)
    ],
    ("POST", "/undo"): lambda shop, n: [
        ask("/undo", data={"event": shop.events[10 * n + 8], "back": "/"}),  # no other example's
        ask("/undo", data={"reversal_of": shop.events[0]}, is_error=True),
    ],
    ("GET", "/"): lambda shop, n: [ask("/"), ask("/?kind=deleted&min_delta=2")],
}
