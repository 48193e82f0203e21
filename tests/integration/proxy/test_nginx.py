"""The API keeps its promises behind the nginx that the documentation configures."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http.lossy import lossy
from tests.support.http.sse import Listener
from tests.support.paths import ROOT
from tests.support.processes.nginx import in_front_of, nginx
from tests.support.processes.running import App, serving, settings_for

PAGE = (ROOT / "docs/operate/proxies.md").read_text()
MERGE = {"Content-Type": "application/merge-patch+json"}
GZIP = {"Accept-Encoding": "gzip"}
HOST = "stock.example.org"
SALE = {"delta": -3, "reason": "sold"}


def documented() -> str:
    block = re.search(r"test_nginx.py runs this block -->\n```nginx\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    return block[1]


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application with the documented settings."""
    lines = dict(re.findall(r"STOCKPULSE_(\w+)=(.*)", PAGE))
    settings = settings_for(
        endpoint,
        tmp_path_factory.mktemp("proxied"),
        open_access=True,
        allowed_hosts=lines["ALLOWED_HOSTS"],
        proxy_addresses=lines["PROXY_ADDRESSES"],
    )
    with serving(settings) as running:
        yield running


@contextmanager
def proxied(app: App, folder: Path, block: str, lost: str | None = None) -> Iterator[httpx.Client]:
    """A client of nginx; the first upstream applies requests with `lost`, but does not answer."""
    with ExitStack() as stack:
        upstreams = [app.url.removeprefix("http://")]
        if lost is not None:
            url, _ = stack.enter_context(lossy(app.url, 1, operations=(lost,)))
            upstreams.insert(0, url.removeprefix("http://"))
        url = stack.enter_context(nginx(folder, *in_front_of(block, upstreams)))
        yield stack.enter_context(httpx.Client(base_url=url, headers={"Host": HOST}, timeout=30))


@pytest.fixture(scope="module")
def client(app: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with proxied(app, tmp_path_factory.mktemp("nginx"), documented()) as found:
        yield found


def test_weakened_etag_of_a_compressed_answer_is_honoured(app: App, client: httpx.Client) -> None:
    app.create("P1", 5)
    read = client.get("/v1/products/P1", headers=GZIP)
    weak = read.headers["ETag"]
    assert read.headers["Content-Encoding"] == "gzip"
    assert weak.startswith("W/")
    assert client.get("/v1/products/P1", headers={"If-None-Match": weak}).status_code == 304
    named = client.patch(
        "/v1/products/P1", content='{"name":"A"}', headers=MERGE | {"If-Match": weak}
    )
    assert named.status_code == 200
    stale = client.put(
        "/v1/products/P1", json={"name": "B", "stock": 5}, headers={"If-Match": weak}
    )
    assert stale.status_code == 412


def test_live_stream_is_not_held_back_even_if_nginx_compresses_everything(
    app: App, tmp_path: Path
) -> None:
    block = re.sub(r"gzip_types .*?;", "gzip_types *;", documented())
    with (
        proxied(app, tmp_path, block) as client,
        Listener(str(client.base_url).rstrip("/"), product_id="P2") as feed,
    ):
        app.create("P2")
        feed.changes(1, seconds=5)


def test_shared_cache_keeps_no_answer_of_the_api(app: App, tmp_path: Path) -> None:
    app.create("P3", 5)
    cache = (
        f"proxy_cache_path {tmp_path}/cache keys_zone=shared:1m; proxy_cache shared; "
        "add_header X-Cache $upstream_cache_status always; proxy_cache_valid any 1h;\n"
    )
    script = re.search(r'src="(/static/[^"]+\.js)"', app.http.get("/").text)
    assert script is not None
    with proxied(app, tmp_path, cache + documented()) as client:
        for path in ("/v1/products/P3", "/v1/products/none", "/v1/products", "/", "/healthz"):
            answers = [client.get(path) for _ in range(2)]
            assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "MISS"], path
        scripts = [client.get(script[1]) for _ in range(2)]
        assert [answer.headers["X-Cache"] for answer in scripts] == ["MISS", "HIT"]


def test_client_cannot_name_another_host_or_address(client: httpx.Client) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    made = client.post(
        "/v1/products", json={"product_id": "P4", "name": "n", "stock": 1}, headers=forged
    )
    assert made.status_code == 201
    assert "evil.example" not in str(made.headers)
    assert "Strict-Transport-Security" not in made.headers
    assert client.get("/v1/products", headers={"Host": "evil.example"}).status_code == 421


def repeated(app: App, folder: Path, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer to a request that the first upstream has applied, and nginx has repeated."""
    with proxied(app, folder, documented(), lost=f"{method} ") as client:
        return client.request(method, f"/v1/products{path}", **request)


def kinds_of(app: App, product_id: str) -> list[str]:
    """The kinds of the product's changes, oldest first, once all are audited."""
    with Listener(app.url) as feed:
        later = app.create(f"after-{product_id}").json()["product_id"]
        feed.wait_until(lambda: any(change.data["subject"] == later for change in feed.seen))
    items = app.http.get(f"/v1/products/{product_id}/events").json()["items"]
    return [item["data"]["kind"] for item in reversed(items)]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "mine"}], ids=["no key", "key"])
def test_repeated_adjustment_counts_once(app: App, tmp_path: Path, key: dict[str, str]) -> None:
    product = f"P5{len(key)}"
    app.create(product, 10)
    path = f"/{product}/adjustments"
    answer = repeated(app, tmp_path, "POST", path, json=SALE, headers=key)
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (200, "true")
    assert app.http.get(f"/v1/products/{product}").json()["stock"] == 7
    assert kinds_of(app, product) == ["inserted", "stock_changed"]


def test_without_the_key_of_nginx_a_repeated_adjustment_counts_twice(
    app: App, tmp_path: Path
) -> None:
    """This is why the documentation has that line."""
    app.create("P10", 10)
    keyless = re.sub(r".*Idempotency-Key.*\n", "", documented())
    with proxied(app, tmp_path, keyless, lost="POST ") as client:
        assert client.post("/v1/products/P10/adjustments", json=SALE).json()["stock"] == 4


def test_repeated_creation_is_answered_as_the_first(app: App, tmp_path: Path) -> None:
    body = {"product_id": "P6", "name": "n", "stock": 1}
    assert repeated(app, tmp_path, "POST", "", json=body).status_code == 201


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {"name": "B"}), ("PATCH", {"stock": 4}), ("PUT", {"name": "B", "stock": 4})],
)
def test_repeated_edit_succeeds_and_is_recorded_once(
    app: App, tmp_path: Path, method: str, body: dict[str, Any]
) -> None:
    product = f"P7{method}{len(body)}{'stock' in body}"
    etag = app.create(product, 10).headers["ETag"]
    headers = {"If-Match": etag} | (MERGE if method == "PATCH" else {})
    answer = repeated(app, tmp_path, method, f"/{product}?note=n", json=body, headers=headers)
    assert answer.status_code == 200
    current = app.http.get(f"/v1/products/{product}").headers["ETag"]
    assert answer.headers["ETag"].removeprefix("W/") == current
    assert body.items() <= answer.json().items()
    assert len(kinds_of(app, product)) == 2


def test_repeated_delete_says_that_the_product_is_gone(app: App, tmp_path: Path) -> None:
    etag = app.create("P8").headers["ETag"]
    answer = repeated(app, tmp_path, "DELETE", "/P8", headers={"If-Match": etag})
    assert answer.status_code in {404, 410}  # 410 as soon as its first event is audited
    assert kinds_of(app, "P8")[-1] == "deleted"


def test_repeated_put_that_creates_gets_409(app: App, tmp_path: Path) -> None:
    body = {"name": "n", "stock": 1}
    answer = repeated(app, tmp_path, "PUT", "/P9", json=body, headers={"If-None-Match": "*"})
    assert answer.status_code == 409
    assert app.http.get("/v1/products/P9").json()["version"] == 1
