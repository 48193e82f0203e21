"""Each route is requested with each credential: only the required role is accepted."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.core.events import rfc3339
from app.core.roles import Role
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.web.middleware.authentication import is_public
from app.web.statics import static_path
from tests.support.house import House, forms, token_of
from tests.support.http.named_headers import check_headers
from tests.support.http.routes import Route, declared
from tests.support.waiting import until

JSON = {"json": {}}
PATCH = {"content": b"{}", "headers": {"Content-Type": "application/merge-patch+json"}}
ANYONE, VIEWER, EDITOR, ADMIN = None, Role.VIEWER, Role.EDITOR, Role.ADMIN

# Route: the required role, the status with that role (for a request that changes nothing), and
# the request.
TABLE: dict[Route, tuple[Role | None, int, dict[str, Any]]] = {
    ("GET", "/healthz"): (ANYONE, 200, {}),
    ("GET", "/readyz"): (ANYONE, 200, {}),
    ("GET", "/sign-in"): (ANYONE, 200, {}),
    ("POST", "/sign-in"): (ANYONE, 401, {"data": {"key": "wrong"}}),
    ("GET", "/sign-in/link"): (ANYONE, 410, {"params": {"token": "wrong"}}),
    ("POST", "/sign-in/link"): (ANYONE, 410, {"data": {"token": "wrong"}}),
    ("*", "/static"): (ANYONE, 200, {}),
    ("GET", "/v1/openapi.json"): (VIEWER, 200, {}),
    ("GET", "/v1/asyncapi.json"): (VIEWER, 200, {}),
    ("GET", "/docs"): (VIEWER, 200, {}),
    ("GET", "/v1/products"): (VIEWER, 200, {}),
    ("GET", "/v1/products/{product_id}"): (VIEWER, 404, {}),
    ("GET", "/v1/products/{product_id}/events"): (VIEWER, 404, {}),
    ("GET", "/v1/events"): (VIEWER, 200, {}),
    ("GET", "/v1/events/{event_id}"): (VIEWER, 404, {}),
    ("POST", "/v1/products"): (EDITOR, 422, JSON),
    ("PUT", "/v1/products/{product_id}"): (EDITOR, 422, JSON),
    ("PATCH", "/v1/products/{product_id}"): (EDITOR, 428, PATCH),
    ("DELETE", "/v1/products/{product_id}"): (EDITOR, 428, {}),
    ("POST", "/v1/products/{product_id}/adjustments"): (EDITOR, 422, JSON),
    ("POST", "/v1/products/{product_id}/counts"): (EDITOR, 422, JSON),
    ("POST", "/v1/products:batch"): (EDITOR, 422, JSON),
    ("POST", "/v1/events/{event_id}/reversals"): (EDITOR, 404, {"json": {"reason": "lost"}}),
    ("POST", "/v1/reversals"): (EDITOR, 422, JSON),
    ("POST", "/v1/exports"): (VIEWER, 422, JSON),
    ("GET", "/v1/exports"): (VIEWER, 200, {}),
    ("GET", "/v1/exports/{export_id}"): (VIEWER, 404, {}),
    ("GET", "/v1/exports/{export_id}/file"): (VIEWER, 404, {}),
    ("DELETE", "/v1/exports/{export_id}"): (VIEWER, 404, {}),
    ("POST", "/v1/imports"): (EDITOR, 415, JSON),
    ("GET", "/v1/imports"): (EDITOR, 200, {}),
    ("GET", "/v1/imports/{import_id}"): (EDITOR, 404, {}),
    ("GET", "/v1/imports/{import_id}/rows"): (EDITOR, 404, {}),
    ("POST", "/v1/imports/{import_id}/start"): (EDITOR, 404, {}),
    ("POST", "/v1/imports/{import_id}/undo"): (EDITOR, 404, {}),
    ("DELETE", "/v1/imports/{import_id}"): (EDITOR, 404, {}),
    ("GET", "/v1/analytics/movement"): (VIEWER, 200, {}),
    ("GET", "/v1/analytics/event-rate"): (VIEWER, 200, {}),
    ("GET", "/v1/analytics/stock-value"): (VIEWER, 200, {}),
    ("GET", "/v1/analytics/top-movers"): (VIEWER, 200, {}),
    ("GET", "/v1/analytics/not-sold"): (VIEWER, 200, {}),
    ("GET", "/v1/analytics/days-left"): (VIEWER, 200, {}),
    ("GET", "/v1/alerts"): (VIEWER, 200, {}),
    ("GET", "/v1/alerts/{alert_id}"): (VIEWER, 404, {}),
    ("POST", "/v1/alerts/{alert_id}/acknowledgement"): (EDITOR, 404, {}),
    ("POST", "/v1/alerts/{alert_id}/snooze"): (EDITOR, 422, JSON),
    ("POST", "/v1/alerts/{alert_id}/order"): (EDITOR, 422, JSON),
    ("POST", "/v1/alerts/{alert_id}/reopening"): (EDITOR, 404, {}),
    ("GET", "/v1/dead-letters"): (VIEWER, 200, {}),
    ("GET", "/v1/dead-letters/{letter_id}"): (VIEWER, 404, {}),
    ("POST", "/v1/dead-letters/{letter_id}/redrive"): (ADMIN, 404, {}),
    ("DELETE", "/v1/dead-letters/{letter_id}"): (ADMIN, 404, {}),
    ("GET", "/v1/sinks"): (EDITOR, 200, {}),
    ("GET", "/v1/sinks/{name}"): (EDITOR, 404, {}),
    ("POST", "/v1/sinks/{name}/pause"): (ADMIN, 404, {}),
    ("POST", "/v1/sinks/{name}/resume"): (ADMIN, 404, {}),
    ("POST", "/v1/sinks/{name}/rewind"): (ADMIN, 404, {"json": {"to": "now"}}),
    ("POST", "/v1/sinks/{name}/test"): (ADMIN, 404, {}),
    ("POST", "/v1/sinks/{name}/redrive"): (ADMIN, 404, {}),
    ("GET", "/v1/views"): (VIEWER, 200, {}),
    ("GET", "/v1/views/{name}"): (VIEWER, 404, {}),
    ("PUT", "/v1/views/{name}"): (EDITOR, 422, JSON),
    ("DELETE", "/v1/views/{name}"): (EDITOR, 404, {}),
    ("GET", "/v1/admin/log"): (ADMIN, 200, {}),
    ("GET", "/"): (VIEWER, 200, {}),
    ("GET", "/products"): (VIEWER, 200, {}),
    ("GET", "/products/history"): (VIEWER, 404, {"params": {"id": "nothing"}}),
    ("GET", "/products/history/file"): (VIEWER, 422, {"params": {"id": "nothing"}}),
    ("GET", "/products/restore"): (EDITOR, 422, {"params": {"id": "nothing"}}),
    ("POST", "/products/restore"): (EDITOR, 422, {"params": {"id": "nothing"}}),
    ("GET", "/products/export"): (VIEWER, 200, {}),
    ("POST", "/products/export"): (VIEWER, 422, {"params": {"sort": "nothing"}}),
    ("GET", "/products/export/file"): (VIEWER, 200, {"params": {"format": "csv"}}),
    ("POST", "/products/export/delete"): (VIEWER, 404, {"data": {"id": "nothing"}}),
    ("GET", "/products/import"): (EDITOR, 200, {}),
    ("POST", "/products/import"): (EDITOR, 422, {"data": {}}),
    ("GET", "/products/import/preview"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/products/import/columns"): (EDITOR, 404, {"data": {"id": "nothing"}}),
    ("POST", "/products/import/start"): (EDITOR, 404, {"data": {"id": "nothing"}}),
    ("POST", "/products/import/undo"): (EDITOR, 404, {"data": {"id": "nothing"}}),
    ("POST", "/products/import/delete"): (EDITOR, 404, {"data": {"id": "nothing"}}),
    ("GET", "/products/new"): (EDITOR, 200, {}),
    ("POST", "/products/new"): (EDITOR, 422, {"data": {}}),
    ("GET", "/products/edit"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/products/edit"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("GET", "/products/adjust"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/products/adjust"): (EDITOR, 422, {"params": {"id": "nothing"}}),
    ("GET", "/products/delete"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/products/delete"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/products/bulk"): (EDITOR, 422, {"data": {}}),
    ("POST", "/products/bulk/apply"): (EDITOR, 422, {"data": {}}),
    ("POST", "/products/bulk/export"): (VIEWER, 422, {"data": {}}),
    ("POST", "/products/undo"): (EDITOR, 422, {"data": {}}),
    ("POST", "/products/undelete"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("GET", "/analytics"): (VIEWER, 200, {}),
    ("GET", "/alerts"): (VIEWER, 200, {}),
    ("GET", "/alerts/product"): (VIEWER, 303, {"params": {"id": "nothing"}}),
    ("POST", "/alerts/acknowledge"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/alerts/reopen"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("GET", "/alerts/snooze"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/alerts/snooze"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("GET", "/alerts/order"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("POST", "/alerts/order"): (EDITOR, 404, {"params": {"id": "nothing"}}),
    ("GET", "/alerts/export"): (VIEWER, 200, {}),
    ("POST", "/alerts/export"): (VIEWER, 422, {"params": {"tab": "nothing"}}),
    ("GET", "/alerts/export/file"): (VIEWER, 200, {"params": {"format": "csv"}}),
    ("POST", "/alerts/export/delete"): (VIEWER, 404, {"data": {"id": "nothing"}}),
    ("GET", "/stock-take"): (VIEWER, 200, {}),
    ("POST", "/stock-take/scan"): (EDITOR, 422, {"data": {}}),
    ("POST", "/stock-take/link"): (EDITOR, 422, {"data": {}}),
    ("POST", "/stock-take/create"): (EDITOR, 422, {"data": {}}),
    ("POST", "/stock-take/remove"): (EDITOR, 404, {"data": {"draft": "nothing"}}),
    ("POST", "/stock-take/name"): (EDITOR, 422, {"data": {}}),
    ("POST", "/stock-take/discard"): (EDITOR, 303, {"data": {"draft": "nothing"}}),
    ("POST", "/stock-take/commit"): (EDITOR, 404, {"data": {"draft": "nothing"}}),
    ("POST", "/stock-take/undo"): (EDITOR, 404, {"data": {"draft": "nothing"}}),
    ("GET", "/audit"): (VIEWER, 200, {}),
    ("GET", "/audit/facets"): (VIEWER, 200, {}),
    ("GET", "/audit/event"): (VIEWER, 404, {"params": {"event": "nothing"}}),
    ("GET", "/audit/{event_id}"): (VIEWER, 404, {}),
    ("POST", "/audit/undo"): (EDITOR, 404, {"data": {"event": "nothing"}}),
    ("GET", "/audit/export"): (VIEWER, 200, {}),
    ("POST", "/audit/export"): (VIEWER, 422, {"params": {"q": "nothing:x"}}),
    ("GET", "/audit/export/file"): (VIEWER, 200, {"params": {"format": "csv"}}),
    ("POST", "/audit/export/delete"): (VIEWER, 404, {"data": {"id": "nothing"}}),
    ("POST", "/audit/views"): (EDITOR, 422, {"data": {}}),
    ("POST", "/audit/views/rename"): (EDITOR, 404, {"data": {"name": "nothing", "new_name": "x"}}),
    ("POST", "/audit/views/delete"): (EDITOR, 404, {"data": {"name": "nothing"}}),
    ("POST", "/undo"): (EDITOR, 404, {"data": {"event": "nothing"}}),
    ("POST", "/demo/start"): (EDITOR, 303, {}),
    ("POST", "/demo/stop"): (EDITOR, 303, {}),
    ("GET", "/system"): (VIEWER, 200, {}),
    ("GET", "/system/state"): (VIEWER, 200, {}),
    ("POST", "/system/sinks/pause"): (ADMIN, 404, {"data": {"name": "nothing"}}),
    ("POST", "/system/sinks/resume"): (ADMIN, 404, {"data": {"name": "nothing"}}),
    ("POST", "/system/sinks/redrive"): (ADMIN, 404, {"data": {"name": "nothing"}}),
    ("GET", "/system/sinks/rewind"): (ADMIN, 404, {"params": {"name": "nothing"}}),
    ("POST", "/system/sinks/rewind"): (ADMIN, 404, {"params": {"name": "nothing"}}),
    ("GET", "/metrics"): (VIEWER, 200, {}),
    ("GET", "/admin"): (ADMIN, 200, {}),
    ("POST", "/admin/keys"): (ADMIN, 422, {"data": {}}),
    ("GET", "/admin/keys/revoke"): (ADMIN, 404, {"params": {"id": "nothing"}}),
    ("POST", "/admin/keys/revoke"): (ADMIN, 404, {"data": {"id": "nothing"}}),
    ("POST", "/admin/links"): (ADMIN, 404, {"data": {"id": "nothing"}}),
    ("POST", "/admin/links/revoke"): (ADMIN, 404, {"data": {"id": "nothing"}}),
    ("POST", "/sign-out"): (VIEWER, 303, {}),
}

STRANGERS = ("nothing", "expired", "revoked", "unknown", "wrong scheme", "in the address")


def send(house: House, who: str, route: Route) -> httpx.Response:
    """Send the route's request with a role's credentials, or with a stranger's."""
    (method, path), (_, _, request) = route, TABLE[route]
    path = (
        f"{static_path()}/favicon.svg" if path == "/static" else re.sub(r"{\w+}", "nothing", path)
    )
    headers = request.get("headers", {}) | house.headers.get(who, {})
    params = request.get("params", {})
    if who == "in the address":
        params = params | {"access_token": house.secrets["admin"], "key": house.secrets["admin"]}
    answer = house.app.http.request(
        method.replace("*", "GET"), path, **{**request, "headers": headers, "params": params}
    )
    contract = house.app.web.openapi()
    if route[1] in contract["paths"]:
        check_headers(contract, method, route[1], answer.status_code, answer.headers)
    return answer


@pytest.mark.parametrize("who", ["viewer", "editor", "nothing"])
def test_only_admins_learn_the_address_of_the_store(house: House, who: str) -> None:
    address = house.app.services.settings.dynamodb.removeprefix("http://")
    port = address.rpartition(":")[2]
    for method, path in TABLE:
        if method in {"GET", "*"}:
            text = send(house, who, (method, path)).text
            assert address not in text, path
            assert f":{port}" not in text, path


def test_admins_are_shown_how_to_reach_the_store(house: House) -> None:
    address = house.app.services.settings.dynamodb
    for path in ("/", "/system", "/readyz"):
        assert address in send(house, "admin", ("GET", path)).text, path


def test_every_route_declares_the_role_in_the_table(house: House) -> None:
    found = {
        route: max(roles, key=lambda role: list(Role).index(role) if role else -1)
        for route, roles in declared(house.app.web)
        if roles
    }
    mounts = {route for route, roles in declared(house.app.web) if not roles}
    assert mounts == {("*", "/static")}, "a route declares no role: `needs(Role.…)` or PUBLIC"
    expected = {route: role for route, (role, _, _) in TABLE.items() if route not in mounts}
    assert found == expected
    for (_, path), (role, _, _) in TABLE.items():
        shown = f"{static_path()}/favicon.svg" if path == "/static" else path
        assert is_public(shown) == (role is None), path


@pytest.mark.parametrize("route", TABLE, ids=lambda route: " ".join(route))
def test_each_route_accepts_only_its_role(house: House, route: Route) -> None:
    needed, allowed, _ = TABLE[route]
    for stranger in STRANGERS:
        answer = send(house, stranger, route)
        assert answer.status_code == (allowed if needed is None else 401), stranger
        if needed is not None:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.json()["code"] == "unauthenticated"
    for role in Role:
        answer = send(house, role, route)
        if needed is None or role.covers(needed):
            expected = 303 if route == ("GET", "/sign-in") else allowed  # already signed in
            assert answer.status_code == expected, (role, answer.text)
        else:
            assert answer.status_code == 403, role
            assert answer.json()["role_needed"] == needed


def test_unsafe_requests_of_a_session_need_its_token(house: House) -> None:
    with (
        house.browser(house.secrets["admin"]) as admin,
        house.browser(house.secrets["admin"]) as other,
    ):
        others = token_of(other.get("/").text)
        for route, (needed, allowed, request) in TABLE.items():
            if route[0] in {"GET", "*"} or needed is None or route[1] == "/sign-out":
                continue
            path = re.sub(r"{\w+}", "nothing", route[1])
            for wrong in ("", others, others.upper()):
                sent = {**request, "headers": request.get("headers", {}) | {"X-CSRF-Token": wrong}}
                refused = admin.request(route[0], path, **sent)
                assert refused.status_code == 403, (route, wrong)
            sent["headers"] = sent["headers"] | {"X-CSRF-Token": token_of(admin.get("/").text)}
            assert admin.request(route[0], path, **sent).status_code == allowed, route


def write_sinks(house: House) -> None:
    """Add sinks and a dead letter, so that the System page shows all its forms."""
    prefix = house.app.services.settings.table_prefix
    for state in ("running", "paused"):
        key = house.app.services.store.sinks.key(state)
        row = {**key, "State": {"S": state}}
        house.app.tables.put_item(TableName=f"{prefix}StreamCheckpoints", Item=row)
    letter = Letter(sink="running", product_id="P1", event_key="label#1", error="refused")
    DeadLetters(house.app.tables, f"{prefix}DeadLetters").park([letter])


def event_id_of(product_id: str, house: House) -> str:
    """The id of the product's newest event."""

    def newest() -> list[dict[str, str]]:
        path = f"/v1/products/{product_id}/events"
        found = house.app.http.get(path, headers=house.headers["editor"])
        items: list[dict[str, str]] = found.json().get("items", [])
        return items

    return str(until(newest)[0]["id"])


def test_every_form_of_every_page_has_the_token(house: House) -> None:
    house.app.http.post(
        "/v1/products",
        json={"product_id": "FORM", "name": "Form", "stock": 3, "reorder_point": 5},
        headers=house.headers["editor"],
    )
    gone = {"product_id": "GONE", "name": "Gone", "stock": 3}
    house.app.http.post("/v1/products", json=gone, headers=house.headers["editor"])
    deletion = house.headers["editor"] | {"If-Match": "*"}
    house.app.http.delete("/v1/products/GONE", headers=deletion)
    write_sinks(house)
    house.app.http.put("/v1/views/V", json={"q": ""}, headers=house.headers["editor"])
    viewer = house.made["viewer"]
    house.sign_in.make_link(viewer, "test")
    with house.browser(house.secrets["admin"]) as admin:
        pages = [
            "/audit?view=V",
            "/audit?q=product:FORM",
            f"/audit/{event_id_of('FORM', house)}",
            "/system",
            "/system/sinks/rewind?name=running",
            "/",
            "/products",
            "/alerts",
            "/alerts/order?id=FORM&alerts=low-1",
            "/alerts?done=snoozed&saved=FORM&undo=low-1",
            "/alerts/export",
            "/products/new",
            "/products/export",
            "/audit/export",
            "/products/nowhere",
            "/products?done=saved&saved=FORM&undo=r",
            "/products?deleted=true",
            "/stock-take",
            f"/stock-take?draft={'f' * 16}",
            f"/stock-take?draft={'e' * 16}",
            "/stock-take?code=unknown&find=form",
            "/admin",
            f"/admin/keys/revoke?id={viewer.id}",
        ]
        pages += [f"/products/{do}?id=FORM" for do in ("edit", "adjust", "delete", "history")]
        restore = f"/products/restore?id=FORM&at={rfc3339(datetime.now(UTC))}"
        until(lambda: admin.get(restore).status_code == 200)  # once the product is audited
        pages.append(restore)
        # The System page shows the rows as they were read some moments ago.
        until(lambda: "/system/sinks/redrive" in admin.get("/system").text)
        until(lambda: "/alerts/acknowledge" in admin.get("/alerts").text)
        token = {"csrf_token": token_of(admin.get("/").text)}
        for taken, steps in {"f" * 16: ["scan"], "e" * 16: ["scan", "commit"]}.items():
            for step in steps:
                fields = token | {"draft": taken, "mode": "receive", "code": "FORM"}
                assert admin.post(f"/stock-take/{step}", data=fields).status_code == 303
        until(lambda: admin.post("/products/export", data=token).status_code == 303)
        file = {"file": ("f.csv", b"sku,name\nFORM,Imported\n")}
        shown = admin.post("/products/import", data=token, files=file, follow_redirects=True)
        pages += ["/products/import", str(shown.url)]
        until(lambda: "/products/import/start" in admin.get(str(shown.url)).text)
        texts = [admin.get(page).text for page in pages]
        begin = token | {"id": shown.url.params["id"]}
        admin.post("/products/import/start", data=begin)
        until(lambda: "/products/import/undo" in admin.get(str(shown.url)).text)
        texts.append(admin.get(str(shown.url)).text)
        start = admin.post("/demo/start", data={"csrf_token": token_of(texts[0])})
        assert start.status_code == 303
        texts.append(admin.get("/").text)
        selection = token | {"action": "take", "product": "FORM"}
        texts.append(admin.post("/products/bulk", data=selection).text)
        texts.append(admin.post("/products/new", data={"csrf_token": token_of(texts[0])}).text)
        assert admin.post("/demo/stop", data={"csrf_token": token_of(texts[0])}).status_code == 303
    found = [form for text in texts for form in forms(text)]
    for action, names in found:
        assert "csrf_token" in names, action
    unsafe = {path for (method, path), (role, _, _) in TABLE.items() if method == "POST" and role}
    assert {action.partition("?")[0] for action, _ in found} == {
        path for path in unsafe if not path.startswith("/v1/")
    }
