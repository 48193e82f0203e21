"""The System page has forms that control sinks for admins; others see it without forms."""

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.consumers.webhooks import with_rebuilds
from tests.support.house import House, forms, furnished, token_of
from tests.support.http.receiver import SECRET, Receiver, receiving
from tests.support.waiting import until


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def deployment(
    endpoint: str, tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[House]:
    """The application with keys of every role, and a webhook."""
    hook = {"webhook_url": SecretStr(receiver.url), "webhook_secret": SecretStr(SECRET)}
    folder = tmp_path_factory.mktemp("sinks")
    with furnished(endpoint, folder, timezone="Europe/Berlin", **hook) as running:
        until(lambda: running.app.services.store.sinks.view("webhook").row.cursor)
        yield running


@pytest.fixture
def admin(deployment: House) -> Iterator[httpx.Client]:
    with deployment.browser(deployment.secrets["admin"]) as browser:
        yield browser


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Submit a form of the System page."""
    fields["csrf_token"] = token_of(browser.get("/system").text)
    return browser.post(f"/system/sinks/{path}", data=fields)


def state(deployment: House) -> str:
    found: str = deployment.app.services.store.sinks.view("webhook").row.state
    return found


def test_the_buttons_pause_and_resume(deployment: House, admin: httpx.Client) -> None:
    for action, reached in (("pause", "paused"), ("resume", "running")):
        named = [found for at, found in forms(admin.get("/system").text) if at.endswith(action)]
        (fields,) = [found for found in named if found["name"] == "webhook"]
        answer = admin.post(f"/system/sinks/{action}", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/system#sinks")
        assert state(deployment) == reached


def test_a_rewind_takes_a_time_in_the_configured_time_zone(
    deployment: House, admin: httpx.Client
) -> None:
    body = {"product_id": "P1", "name": "n", "stock": 1}
    deployment.app.http.post("/v1/products", json=body, headers=deployment.headers["admin"])
    until(lambda: deployment.app.services.broker.held)
    page = admin.get("/system/sinks/rewind?name=webhook").text
    assert "From (Europe/Berlin)" in page
    early = send(admin, "rewind?name=webhook", to="time", time="2020-01-01T00:00")
    assert early.status_code == 422
    assert "can be rewound to a time from" in early.text
    assert 'value="2020-01-01T00:00"' in early.text, "the input is kept"
    future = send(admin, "rewind?name=webhook", to="time", time="2999-01-01T00:00")
    assert future.status_code == 422
    nothing = send(admin, "rewind?name=webhook", to="time", time="")
    assert (nothing.status_code, "Enter a date and a time." in nothing.text) == (422, True)


@pytest.mark.parametrize("to", ["now", "beginning"])
def test_a_rewind_needs_no_time_for_now_and_the_beginning(
    deployment: House, admin: httpx.Client, to: str
) -> None:
    version = deployment.app.services.store.sinks.view("webhook").row.version
    assert send(admin, "rewind?name=webhook", to=to, time="").status_code == 303
    assert deployment.app.services.store.sinks.view("webhook").row.version == version + 1


def test_a_copy_is_built_again_after_a_page_that_says_what_that_means(admin: httpx.Client) -> None:
    page = admin.get("/system/sinks/rebuild?name=webhook").text
    assert "stays in use until the new copy is complete" in page
    refused = send(admin, "rebuild?name=webhook")
    assert (refused.status_code, "has no rebuild: rewind it" in refused.text) == (409, True)
    with with_rebuilds("webhook"):
        begun = send(admin, "rebuild?name=webhook")
    assert begun.status_code == 200
    assert "It has begun. A worker builds it again." in begun.text


def test_an_unknown_sink_is_an_error_page(admin: httpx.Client) -> None:
    for path in ("pause", "resume", "redrive", "rewind?name=nope", "rebuild?name=nope"):
        answer = send(admin, path, name="nope", to="now")
        assert answer.status_code == 404
        assert "There is no sink named" in answer.text


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_other_roles_see_the_sinks_without_forms(deployment: House, role: str) -> None:
    with deployment.browser(deployment.secrets[role]) as browser:
        page = browser.get("/system").text
        assert "<strong>webhook</strong>" in page
        assert "/system/sinks" not in page
        assert send(browser, "pause", name="webhook").status_code == 403
