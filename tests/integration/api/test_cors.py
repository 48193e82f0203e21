"""A page of another origin may call the API only if its origin is configured."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.processes.running import App, serving, settings_for

SHOP, OTHER = "https://shop.example", "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type, idempotency-key",
}
BODY = {"name": "n", "stock": 1}


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application with one allowed origin."""
    settings = settings_for(endpoint, tmp_path_factory.mktemp("cors"), cors_origins=SHOP + "/")
    with serving(settings) as running:
        yield running


def create(app: App, origin: str, product_id: str) -> httpx.Response:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    return app.http.post("/v1/products", json=BODY | {"product_id": product_id}, headers=headers)


def allowed(answer: httpx.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


def test_configured_origin_may_read_and_write(app: App) -> None:
    preflight = app.http.options("/v1/products", headers={"Origin": SHOP} | PREFLIGHT)
    assert (preflight.status_code, allowed(preflight)) == (200, SHOP)
    made = create(app, SHOP, "P1")
    assert (made.status_code, allowed(made)) == (201, SHOP)
    exposed = made.headers["access-control-expose-headers"].lower()
    assert "etag" in exposed
    assert "location" in exposed
    assert "access-control-allow-credentials" not in made.headers


def test_other_origin_may_not_read_or_write(app: App) -> None:
    preflight = app.http.options("/v1/products", headers={"Origin": OTHER} | PREFLIGHT)
    assert preflight.status_code == 400
    assert allowed(preflight) is None
    refused = create(app, OTHER, "P2")
    assert (refused.status_code, refused.json()["code"]) == (403, "cross-origin")
    assert allowed(app.http.get("/v1/products", headers={"Origin": OTHER})) is None
    assert app.http.get("/v1/products/P2").status_code == 404


def test_configured_origin_may_not_use_the_pages(app: App) -> None:
    headers = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
    form = {"product_id": "P3", "name": "n", "stock": "1"}
    assert app.http.post("/products/new", data=form, headers=headers).status_code == 403
    assert allowed(app.http.get("/products", headers=headers)) is None


def test_no_origin_is_allowed_by_default(
    endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("nocors"))) as plain:
        preflight = plain.http.options("/v1/products", headers={"Origin": SHOP} | PREFLIGHT)
        assert (preflight.status_code, allowed(preflight)) == (405, None)
        assert create(plain, SHOP, "P1").status_code == 403
