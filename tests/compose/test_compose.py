"""`docker compose up` behaves as docs/start/docker.md says."""

import shutil
import time

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.compose.conftest import Stack
from tests.support.http.sse import Listener
from tests.support.processes.running import item

KETTLE = {"name": "Blue kettle", "stock": 12}
SERVICES = ["app", "dynamodb"]


def create(stack: Stack, product_id: str) -> None:
    answer = stack.http.post("/v1/products", json=KETTLE | {"product_id": product_id})
    assert answer.status_code == 201, answer.text


def wait_ready(stack: Stack, status: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    got: object = None
    while time.monotonic() < deadline:
        try:
            got = stack.http.get("/readyz").status_code
        except httpx.HTTPError as error:
            got = error
        if got == status:
            return
        time.sleep(0.2)
    pytest.fail(f"/readyz: {got!r}, not {status}, after {seconds} s")


def test_rest_write_appears_in_the_table_and_the_live_stream(stack: Stack) -> None:
    with Listener(stack.url) as feed:
        create(stack, "rest")
        sold = {"delta": -3, "reason": "sold"}
        assert stack.http.post("/v1/products/rest/adjustments", json=sold).status_code == 200
        events = [message.data["data"] for message in feed.changes(2)]
    assert [event["kind"] for event in events] == ["inserted", "stock_changed"]
    assert events[1]["delta"] == -3
    stored = stack.tables("ap-south-1", "reader").get_item(
        TableName="Products", Key=item(ProductID="rest")
    )
    assert stored["Item"]["Stock"] == {"N": "9"}


def test_other_programs_reach_the_same_tables_with_any_credentials_and_region(
    stack: Stack,
) -> None:
    with Listener(stack.url) as feed:
        for region, user in (("eu-west-3", "alice"), ("us-west-2", "bob")):
            stack.tables(region, user).put_item(
                TableName="Products", Item=item(ProductID=user, ProductName="Lamp", Stock=7)
            )
        events = [message.data["data"] for message in feed.changes(2)]
    assert [(event["product_id"], event["actor"]) for event in events] == [
        ("alice", None),
        ("bob", None),
    ]
    assert stack.http.get("/v1/products/bob").json()["stock"] == 7


def test_page_shows_a_cli_line_that_works_from_the_host(stack: Stack) -> None:
    page = stack.http.get("/", headers={"Accept": "text/html"}).text
    assert f"--endpoint-url {stack.endpoint} " in page
    assert "dynamodb:8000" not in page
    assert stack.endpoint in stack.run_in("app", "python", "-m", "app", "engine").stdout


def test_browser_shows_a_change_as_it_happens(stack: Stack) -> None:
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page()
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(stack.url, wait_until="load")
        expect(page.locator("#pill")).to_contain_text("Live", timeout=15_000)
        stack.tables("eu-north-1", "carol").put_item(
            TableName="Products", Item=item(ProductID="seen", ProductName="Red lamp", Stock=4)
        )
        expect(page.get_by_text("Red lamp").first).to_be_visible(timeout=15_000)
        assert failed == []
        browser.close()


def test_data_survives_down_and_up(stack: Stack) -> None:
    with Listener(stack.url) as feed:
        create(stack, "kept")
        before = feed.changes(1)[0]
    key = stack.run_in("app", "cat", "/data/audit.key").stdout
    assert key
    stack.compose("down")
    stack.up()
    assert stack.http.get("/v1/products/kept").json()["stock"] == 12
    assert stack.run_in("app", "cat", "/data/audit.key").stdout == key
    with Listener(stack.url, after=before.id) as feed:
        sold = {"delta": -2, "reason": "sold"}
        assert stack.http.post("/v1/products/kept/adjustments", json=sold).status_code == 200
        assert feed.changes(1)[0].data["data"]["delta"] == -2
        assert len(feed.seen) == 1  # events from before `down` are not shown again
    history = stack.http.get("/v1/products/kept/events").json()["items"]
    assert [event["data"]["kind"] for event in history] == ["stock_changed", "inserted"]
    assert history[1] == before.data


def test_readiness_follows_the_store_down_and_up(stack: Stack) -> None:
    stack.compose("stop", "dynamodb")
    wait_ready(stack, 503)
    assert stack.http.get("/healthz").status_code == 200
    stack.compose("start", "dynamodb")
    wait_ready(stack, 200)
    with Listener(stack.url) as feed:
        create(stack, "back")
        feed.changes(1)


def test_app_stops_cleanly(stack: Stack) -> None:
    stack.compose("stop", "app")
    state = stack.container("app")["State"]
    stack.up()
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_confined(stack: Stack, service: str) -> None:
    assert stack.run_in(service, "id", "-u").stdout.strip() in {"1000", "10001"}
    for path in ("/x", "/usr/x", "/etc/x", "x"):
        refused = stack.run_in(service, "touch", path)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stderr
    assert stack.run_in(service, "touch", "/tmp/x", "/data/x").returncode == 0
    status = stack.run_in(service, "cat", "/proc/1/status").stdout
    assert "NoNewPrivs:\t1" in status
    for mask in ("CapEff", "CapPrm", "CapBnd"):
        assert f"{mask}:\t{0:016x}" in status


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_published_on_loopback_only(stack: Stack, service: str) -> None:
    container = stack.container(service)
    assert container["State"]["Health"]["Status"] == "healthy"
    published = [
        bound for bounds in container["NetworkSettings"]["Ports"].values() for bound in bounds
    ]
    assert [bound["HostIp"] for bound in published] == ["127.0.0.1"]


def test_dynamodb_allows_no_other_web_origin(stack: Stack) -> None:
    asked = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-amz-target",
    }
    answer = httpx.options(stack.endpoint, headers=asked)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_image_holds_only_runtime_files(stack: Stack) -> None:
    listed = stack.run_in("app", "pip", "list", "--format", "freeze").stdout.lower()
    assert "fastapi==" in listed
    assert not [name for name in ("pytest", "ruff", "mypy", "playwright") if name in listed]
    there = stack.run_in("app", "ls", "-A").stdout.split()
    assert sorted(there) == ["app", "pyproject.toml", "static", "templates", "worker"]
