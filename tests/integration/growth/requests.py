"""An example request for every route; `n` is 1 with few rows and 2 with many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.events import rfc3339
from tests.integration.growth.kit import BEGAN, Shop
from tests.support.http.routes import Route
from tests.support.waiting import until


@dataclass(frozen=True)
class Ask:
    """A request; with many rows it may make `more_calls`, and read up to `rows` rows."""

    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)
    more_calls: int = 0
    rows: int = 0
    is_error: bool = False


def ask(
    path: str, more_calls: int = 0, rows: int = 0, *, is_error: bool = False, **sent: Any
) -> Ask:
    return Ask(path, sent, more_calls, rows, is_error)


def patch(n: int) -> dict[str, Any]:
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    return {"headers": headers, "json": {"barcode": f"{n}", "price": f"{n}"}}


def put(n: int) -> dict[str, Any]:
    return {"headers": {"If-Match": "*"}, "json": {"name": f"Cup {n}", "stock": 900 + n}}


def export(shop: Shop) -> str:
    """The newest export, once it is built."""

    def newest() -> Any:
        found = shop.ask("GET", "/v1/exports").json()["items"][0]
        return found["state"] == "ready" and found["id"]

    identifier: str = until(newest)
    return identifier


_IN_BACKGROUND = 8  # calls for the one row of an import's file, some of which the request sees
FILE = {"headers": {"Content-Type": "text/csv"}, "content": b"sku,name\nP,Pot\n"}


def imported(shop: Shop, n: int) -> str:
    """A new import of a file with a new name for `P`, ready to start."""
    sent = {**FILE, "content": f"sku,name\nP,Pot {n}\n".encode()}
    identifier: str = shop.ask("POST", "/v1/imports", **sent).json()["id"]
    path = f"/v1/imports/{identifier}"
    until(lambda: shop.ask("GET", path).json()["state"] == "ready")
    return identifier


def etag(shop: Shop, product_id: str) -> str:
    return shop.ask("GET", f"/v1/products/{product_id}").headers["ETag"]


def signed_in(shop: Shop) -> dict[str, Any]:
    """The cookie of a new session, and its form token."""
    sessions = shop.authenticator.sessions
    session = sessions.begin(shop.key, shop.authenticator.now())
    cookie = {"Cookie": f"stockpulse_session={sessions.write(session)}", "Authorization": ""}
    return {"headers": cookie, "data": {"csrf_token": sessions.form_token(session.id)}}


# The System page shows a summary of up to 500 letters, 50 gaps and the lag of each sink, counted
# up to 100 rows.
_STATUS = 1000
_FILTERED = 1000  # rows in one scan of the dead letters of one sink
_BARCODES = 4000  # products of a shop that fit into the pages in which a barcode is looked for
_FOUND = {"action": "adjust", "product_id": "P", "delta": 1, "reason": "found"}
TOMORROW = datetime.now(UTC) + timedelta(days=1)
_HALVINGS = 12  # calls to find a moment among ten times as many events

EXAMPLES: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
    ("GET", "/v1/products"): lambda shop, n: [
        ask("/v1/products?limit=2"),
        ask("/v1/products?seen=none:1"),
        ask("/v1/products", headers={"Accept": "text/csv"}),
    ],
    ("POST", "/v1/exports"): lambda shop, n: [
        ask("/v1/exports", json={"of": "products", "format": "csv"})
    ],
    ("GET", "/v1/exports"): lambda shop, n: [ask("/v1/exports")],
    ("GET", "/v1/exports/{export_id}"): lambda shop, n: [ask(f"/v1/exports/{export(shop)}")],
    ("GET", "/v1/exports/{export_id}/file"): lambda shop, n: [
        ask(f"/v1/exports/{export(shop)}/file")
    ],
    ("DELETE", "/v1/exports/{export_id}"): lambda shop, n: [ask(f"/v1/exports/{export(shop)}")],
    ("POST", "/v1/imports"): lambda shop, n: [
        ask("/v1/imports", more_calls=_IN_BACKGROUND, **FILE)
    ],
    ("GET", "/v1/imports"): lambda shop, n: [ask("/v1/imports")] if imported(shop, n) else [],
    ("GET", "/v1/imports/{import_id}"): lambda shop, n: [ask(f"/v1/imports/{imported(shop, n)}")],
    ("GET", "/v1/imports/{import_id}/rows"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}/rows")
    ],
    ("POST", "/v1/imports/{import_id}/start"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}/start", more_calls=_IN_BACKGROUND)
    ],
    ("POST", "/v1/imports/{import_id}/undo"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}/undo", is_error=True)
    ],
    ("DELETE", "/v1/imports/{import_id}"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}")
    ],
    ("GET", "/v1/products/{product_id}"): lambda shop, n: [
        ask("/v1/products/P"),
        ask("/v1/products/none", is_error=True),
        ask(
            "/v1/products/P?as_of=" + rfc3339(BEGAN), is_error=True, more_calls=_HALVINGS, rows=100
        ),
        ask(
            f"/v1/products/P?as_of={rfc3339(BEGAN.replace(second=30))}",
            more_calls=_HALVINGS,
            rows=100,
        ),
    ],
    ("POST", "/v1/products"): lambda shop, n: [
        ask("/v1/products", json={"product_id": f"new-{n}", "name": "New", "stock": 1}),
        ask(
            "/v1/products",
            json={"product_id": f"bar-{n}", "name": "New", "stock": 1, "barcode": "none"},
            rows=_BARCODES,
        ),
    ],
    ("PUT", "/v1/products/{product_id}"): lambda shop, n: [ask("/v1/products/P", **put(n))],
    ("PATCH", "/v1/products/{product_id}"): lambda shop, n: [
        ask("/v1/products/P", rows=_BARCODES, **patch(n))
    ],
    ("DELETE", "/v1/products/{product_id}"): lambda shop, n: [
        ask(f"/v1/products/new-{n}", headers={"If-Match": "*"})
    ],
    ("POST", "/v1/products/{product_id}/adjustments"): lambda shop, n: [
        ask("/v1/products/P/adjustments", json={"delta": -1, "reason": "sold"}),
        ask(
            "/v1/products/P/adjustments",
            json={"delta": -1, "reason": "sold"},
            headers={"Idempotency-Key": f"adjust-{n}"},
        ),
    ],
    ("POST", "/v1/products/{product_id}/counts"): lambda shop, n: [
        ask("/v1/products/g1/counts", json={"counted": 500})  # of P, events are taken back
    ],
    ("POST", "/v1/products:batch"): lambda shop, n: [
        ask(
            "/v1/products:batch",
            json={
                "items": [{"action": "adjust", "product_id": "P", "delta": 1, "reason": "found"}]
                * 3
            },
        )
    ],
    ("GET", "/v1/events"): lambda shop, n: [
        ask("/v1/events?limit=1"),
        ask("/v1/events?limit=2&kind=expired"),
        ask(f"/v1/events?limit=2&cursor={shop.cursors[-40]}"),
        ask(f"/v1/events?limit=1&after={shop.cursors[0]}"),
        ask("/v1/events?limit=2&q=kind:stock_changed&total=exact"),
    ],
    ("GET", "/v1/events/{event_id}"): lambda shop, n: [ask(f"/v1/events/{shop.events[0]}")],
    ("GET", "/v1/products/{product_id}/events"): lambda shop, n: [
        ask("/v1/products/P/events?limit=2"),
        ask("/v1/products/none/events", is_error=True),
    ],
    ("GET", "/healthz"): lambda shop, n: [ask("/healthz")],
    ("GET", "/readyz"): lambda shop, n: [ask("/readyz", rows=_STATUS)],
    ("GET", "/metrics"): lambda shop, n: [ask("/metrics")],
    ("POST", "/v1/events/{event_id}/reversals"): lambda shop, n: [
        ask(f"/v1/events/{shop.events[n]}/reversals", json={}),
        ask(f"/v1/events/{shop.events[n]}/reversals", json={}, is_error=True),
    ],
    ("POST", "/v1/reversals"): lambda shop, n: [
        ask("/v1/reversals", json={"events": [shop.events[10 * n], shop.events[10 * n + 1]]}),
        ask("/v1/reversals", json={"events": [shop.events[10 * n]]}),
    ],
    **{
        ("GET", f"/v1/analytics/{name}"): lambda shop, n, name=name: [ask(f"/v1/analytics/{name}")]
        for name in (
            "movement",
            "event-rate",
            "stock-value",
            "top-movers",
            "not-sold",
            "days-left",
        )
    },
    ("GET", "/v1/alerts"): lambda shop, n: [
        ask("/v1/alerts?limit=2"),
        ask("/v1/alerts?limit=2&kind=out"),
    ],
    ("GET", "/v1/alerts/{alert_id}"): lambda shop, n: [ask(f"/v1/alerts/{shop.alerts[0]}")],
    ("POST", "/v1/alerts/{alert_id}/acknowledgement"): lambda shop, n: [
        ask(f"/v1/alerts/{shop.alerts[n]}/acknowledgement")
    ],
    ("POST", "/v1/alerts/{alert_id}/snooze"): lambda shop, n: [
        ask(f"/v1/alerts/{shop.alerts[n]}/snooze", json={"until": rfc3339(TOMORROW)})
    ],
    ("POST", "/v1/alerts/{alert_id}/order"): lambda shop, n: [
        ask(
            f"/v1/alerts/{shop.alerts[n]}/order",
            json={"quantity": 9, "expected": TOMORROW.date().isoformat()},
        )
    ],
    ("POST", "/v1/alerts/{alert_id}/reopening"): lambda shop, n: [
        ask(f"/v1/alerts/{shop.alerts[n]}/reopening")
    ],
    ("GET", "/v1/dead-letters"): lambda shop, n: [
        ask("/v1/dead-letters?limit=2"),
        ask("/v1/dead-letters?limit=2&sink=webhook", rows=_FILTERED),
        ask("/v1/dead-letters?limit=2&sink=none", more_calls=4, rows=5 * _FILTERED),
        ask("/v1/dead-letters?limit=2&product_id=g5"),
    ],
    ("GET", "/v1/dead-letters/{letter_id}"): lambda shop, n: [
        ask(f"/v1/dead-letters/{shop.letters[0]}")
    ],
    ("POST", "/v1/dead-letters/{letter_id}/redrive"): lambda shop, n: [
        ask(f"/v1/dead-letters/{shop.letters[0]}/redrive")
    ],
    ("DELETE", "/v1/dead-letters/{letter_id}"): lambda shop, n: [
        ask(f"/v1/dead-letters/{shop.letters[n]}")
    ],
    ("GET", "/v1/sinks"): lambda shop, n: [ask("/v1/sinks", rows=_STATUS)],
    ("GET", "/v1/sinks/{name}"): lambda shop, n: [ask("/v1/sinks/webhook", rows=_STATUS)],
    ("POST", "/v1/sinks/{name}/pause"): lambda shop, n: [
        ask("/v1/sinks/webhook/pause", rows=_STATUS)
    ],
    ("POST", "/v1/sinks/{name}/resume"): lambda shop, n: [
        ask("/v1/sinks/webhook/resume", rows=_STATUS)
    ],
    ("POST", "/v1/sinks/{name}/rewind"): lambda shop, n: [
        ask("/v1/sinks/webhook/rewind", json={"to": "beginning"}, rows=_STATUS)
    ],
    ("POST", "/v1/sinks/{name}/test"): lambda shop, n: [ask("/v1/sinks/webhook/test")],
    ("POST", "/v1/sinks/{name}/redrive"): lambda shop, n: [ask("/v1/sinks/webhook/redrive")],
    ("GET", "/v1/openapi.json"): lambda shop, n: [ask("/v1/openapi.json")],
    ("GET", "/v1/asyncapi.json"): lambda shop, n: [ask("/v1/asyncapi.json")],
    ("GET", "/docs"): lambda shop, n: [ask("/docs")],
    ("GET", "/v1/views"): lambda shop, n: [ask("/v1/views")],
    ("PUT", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}", json={"q": "kind:gap"})],
    ("GET", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}")],
    ("DELETE", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}")],
    ("GET", "/v1/admin/log"): lambda shop, n: [ask("/v1/admin/log?limit=2")],
    ("GET", "/sign-in"): lambda shop, n: [ask("/sign-in")],
    ("POST", "/sign-in"): lambda shop, n: [ask("/sign-in", data={"key": shop.secret})],
    ("GET", "/sign-in/link"): lambda shop, n: [
        ask(f"/sign-in/link?token={shop.authenticator.sign_in.make_link(shop.key, 't')}")
    ],
    ("POST", "/sign-in/link"): lambda shop, n: [
        ask(
            "/sign-in/link",
            data={"token": shop.authenticator.sign_in.make_link(shop.key, "t")},
        )
    ],
    ("POST", "/sign-out"): lambda shop, n: [ask("/sign-out", **signed_in(shop))],
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
    ("GET", "/audit"): lambda shop, n: [
        ask("/audit"),
        ask("/audit?q=kind:gap"),
        ask(f"/audit?facets=1&event={shop.events[0]}"),
    ],
    ("GET", "/audit/facets"): lambda shop, n: [ask("/audit/facets")],
    ("GET", "/audit/event"): lambda shop, n: [ask(f"/audit/event?event={shop.events[0]}")],
    ("GET", "/audit/{event_id}"): lambda shop, n: [ask(f"/audit/{shop.events[0]}")],
    ("POST", "/audit/undo"): lambda shop, n: [
        ask("/audit/undo", data={"event": [shop.events[10 * n + 5], shop.events[10 * n + 6]]})
    ],
    ("GET", "/audit/export"): lambda shop, n: [ask("/audit/export?q=kind:stock_changed")],
    ("POST", "/audit/export"): lambda shop, n: [ask("/audit/export?q=kind:gap")],
    ("GET", "/audit/export/file"): lambda shop, n: [
        ask("/audit/export/file?format=csv&q=kind:gap")
    ],
    ("POST", "/audit/export/delete"): lambda shop, n: [
        ask("/audit/export/delete", data={"id": export(shop)})
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
    ("POST", "/audit/views"): lambda shop, n: [
        ask("/audit/views", data={"name": f"p{n}", "q": "kind:gap", "order": "newest"})
    ],
    ("POST", "/audit/views/rename"): lambda shop, n: [
        ask("/audit/views/rename", data={"name": f"p{n}", "new_name": f"q{n}"})
    ],
    ("POST", "/audit/views/delete"): lambda shop, n: [
        ask("/audit/views/delete", data={"name": f"q{n}"})
    ],
    ("POST", "/undo"): lambda shop, n: [
        ask("/undo", data={"event": shop.events[20 * n], "back": "/"}),
        ask("/undo", data={"reversal_of": shop.events[0]}, is_error=True),
    ],
    ("POST", "/demo/start"): lambda shop, n: [ask("/demo/start")],
    ("POST", "/demo/stop"): lambda shop, n: [ask("/demo/stop")],
    ("GET", "/admin"): lambda shop, n: [ask("/admin")],
    ("GET", "/system"): lambda shop, n: [ask("/system", rows=_STATUS)],
    ("GET", "/system/state"): lambda shop, n: [ask("/system/state", rows=_STATUS)],
    ("POST", "/system/sinks/pause"): lambda shop, n: [
        ask("/system/sinks/pause", data={"name": "webhook"}, rows=_STATUS)
    ],
    ("POST", "/system/sinks/resume"): lambda shop, n: [
        ask("/system/sinks/resume", data={"name": "webhook"}, rows=_STATUS)
    ],
    ("POST", "/system/sinks/redrive"): lambda shop, n: [
        ask("/system/sinks/redrive", data={"name": "webhook"})
    ],
    ("GET", "/system/sinks/rewind"): lambda shop, n: [
        ask("/system/sinks/rewind?name=webhook", rows=_STATUS)
    ],
    ("POST", "/system/sinks/rewind"): lambda shop, n: [
        ask("/system/sinks/rewind?name=webhook", data={"to": "beginning"}, rows=_STATUS)
    ],
    ("GET", "/"): lambda shop, n: [ask("/"), ask("/?kind=deleted&min_delta=2")],
}
