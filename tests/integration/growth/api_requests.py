"""An example request for every route of the REST API; `n` is 1 with few rows and 2 with many."""

from collections.abc import Callable, Mapping

from app.core.events import rfc3339
from tests.integration.growth.asking import (
    _BARCODES,
    _FILTERED,
    _HALVINGS,
    _STATUS,
    FILE,
    TOMORROW,
    Ask,
    ask,
    export,
    imported,
    patch,
    put,
)
from tests.integration.growth.kit import BEGAN, Shop
from tests.support.http.routes import Route

API: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
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
    ("POST", "/v1/imports"): lambda shop, n: [ask("/v1/imports", **FILE)],
    ("GET", "/v1/imports"): lambda shop, n: [ask("/v1/imports")] if imported(shop, n) else [],
    ("GET", "/v1/imports/{import_id}"): lambda shop, n: [ask(f"/v1/imports/{imported(shop, n)}")],
    ("GET", "/v1/imports/{import_id}/rows"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}/rows")
    ],
    ("POST", "/v1/imports/{import_id}/start"): lambda shop, n: [
        ask(f"/v1/imports/{imported(shop, n)}/start")
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
    ("POST", "/v1/sinks/{name}/rebuild"): lambda shop, n: [ask("/v1/sinks/webhook/rebuild")],
    ("POST", "/v1/sinks/{name}/redrive"): lambda shop, n: [ask("/v1/sinks/webhook/redrive")],
    ("GET", "/v1/openapi.json"): lambda shop, n: [ask("/v1/openapi.json")],
    ("GET", "/v1/asyncapi.json"): lambda shop, n: [ask("/v1/asyncapi.json")],
    ("GET", "/v1/views"): lambda shop, n: [ask("/v1/views")],
    ("PUT", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}", json={"q": "kind:gap"})],
    ("GET", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}")],
    ("DELETE", "/v1/views/{name}"): lambda shop, n: [ask(f"/v1/views/v{n}")],
    ("GET", "/v1/admin/log"): lambda shop, n: [ask("/v1/admin/log?limit=2")],
}
