"""Each route is requested with each credential: only the required role is accepted."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from app.core.events import rfc3339
from app.core.roles import Role
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from app.web.middleware.authentication import is_public
from app.web.statics import static_path
from tests.integration.access.roles_by_route import TABLE
from tests.support.house import House, forms, token_of
from tests.support.http.named_headers import check_headers
from tests.support.http.routes import Route, declared
from tests.support.messages.rule_past import HOOK, rule_with_past
from tests.support.waiting import until

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
        own, others = (token_of(browser.get("/").text) for browser in (admin, other))
        for route, (needed, allowed, request) in TABLE.items():
            if route[0] in {"GET", "*"} or needed is None or route[1] == "/sign-out":
                continue
            path = re.sub(r"{\w+}", "nothing", route[1])
            for wrong in ("", others, others.upper()):
                sent = {**request, "headers": request.get("headers", {}) | {"X-CSRF-Token": wrong}}
                refused = admin.request(route[0], path, **sent)
                assert refused.status_code == 403, (route, wrong)
            sent["headers"] = sent["headers"] | {"X-CSRF-Token": own}
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


def write_rules(house: House) -> list[str]:
    """Make rules whose pages show all forms of notifications; returns these pages."""
    rules = house.app.services.store.rules
    rule = rule_with_past(house.app.services.store)
    paused = rules.create(replace(rule, enabled=False), "test")
    pages = [f"/notifications/{one}?id={rule.id}" for one in ("rule", "edit", "delete")]
    return [*pages, "/notifications", "/notifications/new", f"/notifications/rule?id={paused.id}"]


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
    for name, view in {"V": {"q": ""}, "Low": {"q": "low=true", "kind": "products"}}.items():
        saved = house.app.http.put(f"/v1/views/{name}", json=view, headers=house.headers["editor"])
        assert saved.is_success, saved.text
    pages_of_rules = write_rules(house)
    viewer = house.made["viewer"]
    house.sign_in.make_link(viewer, "test")
    with house.browser(house.secrets["admin"]) as admin:
        pages = [
            "/audit?view=V",
            "/audit?q=product:FORM",
            f"/audit/{event_id_of('FORM', house)}",
            "/system",
            "/system/sinks/rewind?name=running",
            "/system/sinks/rebuild?name=running",
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
            "/products?low=true",
            "/stock-take",
            f"/stock-take?draft={'f' * 16}",
            f"/stock-take?draft={'e' * 16}",
            "/stock-take?code=unknown&find=form",
            "/admin",
            f"/admin/keys/revoke?id={viewer.id}",
            *pages_of_rules,
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
        hook = {"id": pages_of_rules[0].partition("=")[2], "recipient": HOOK.id}
        texts.append(admin.post("/notifications/secret", data=token | hook).text)
    found = [form for text in texts for form in forms(text)]
    for action, names in found:
        assert "csrf_token" in names, action
    unsafe = {path for (method, path), (role, _, _) in TABLE.items() if method == "POST" and role}
    assert {action.partition("?")[0] for action, _ in found} == {
        path for path in unsafe if not path.startswith("/v1/")
    }
