"""An example request for every other page; `n` is 1 with few rows and 2 with many."""

from collections.abc import Callable, Mapping

from tests.integration.growth.asking import _STATUS, Ask, ask, export, key, signed_in
from tests.integration.growth.kit import Shop
from tests.support.http.routes import Route

OFFICE: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
    ("GET", "/healthz"): lambda shop, n: [ask("/healthz")],
    ("GET", "/readyz"): lambda shop, n: [ask("/readyz", rows=_STATUS)],
    ("GET", "/metrics"): lambda shop, n: [ask("/metrics")],
    ("GET", "/docs"): lambda shop, n: [ask("/docs")],
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
    ("GET", "/analytics"): lambda shop, n: [
        ask("/analytics"),
        ask("/analytics?range=24h&category=Tea&by=moved"),
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
    ("POST", "/audit/views"): lambda shop, n: [
        ask("/audit/views", data={"name": f"p{n}", "q": "kind:gap", "order": "newest"})
    ],
    ("POST", "/products/views"): lambda shop, n: [
        ask("/products/views", data={"name": f"l{n}", "q": "low=true"})
    ],
    ("POST", "/products/views/delete"): lambda shop, n: [
        ask("/products/views/delete", data={"name": f"l{n}"})
    ],
    ("POST", "/audit/views/rename"): lambda shop, n: [
        ask("/audit/views/rename", data={"name": f"p{n}", "new_name": f"q{n}"})
    ],
    ("POST", "/audit/views/delete"): lambda shop, n: [
        ask("/audit/views/delete", data={"name": f"q{n}"})
    ],
    ("POST", "/demo/start"): lambda shop, n: [ask("/demo/start")],
    ("POST", "/demo/stop"): lambda shop, n: [ask("/demo/stop")],
    ("GET", "/admin"): lambda shop, n: [ask("/admin")],
    ("POST", "/admin/keys"): lambda shop, n: [
        ask("/admin/keys", data={"name": f"k{n}", "role": "viewer"})
    ],
    ("POST", "/admin/links"): lambda shop, n: [ask("/admin/links", data={"id": key(shop, n)})],
    ("POST", "/admin/links/revoke"): lambda shop, n: [
        ask(
            "/admin/links/revoke",
            data={"id": shop.authenticator.sign_in.open_links()[0].id},
        )
    ],
    ("GET", "/admin/keys/revoke"): lambda shop, n: [ask(f"/admin/keys/revoke?id={key(shop, n)}")],
    ("POST", "/admin/keys/revoke"): lambda shop, n: [
        ask("/admin/keys/revoke", data={"id": key(shop, n)})
    ],
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
    ("GET", "/system/sinks/rebuild"): lambda shop, n: [
        ask("/system/sinks/rebuild?name=webhook", rows=_STATUS)
    ],
    ("POST", "/system/sinks/rebuild"): lambda shop, n: [
        ask("/system/sinks/rebuild?name=webhook", data={}, rows=_STATUS)
    ],
}
