"""Admins make and revoke keys and sign-in links by forms; a secret is shown once."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from app.core.errors import StoreUnavailable
from app.core.roles import Role
from tests.support.house import HTML, House, furnished, token_of
from tests.support.processes.running import serving, settings_for
from tests.support.waiting import until


@pytest.fixture
def admin(house: House) -> Iterator[httpx.Client]:
    with house.browser(house.secrets["admin"]) as browser:
        yield browser


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Submit a form of the Admin page."""
    token = token_of(browser.get("/admin").text)
    return browser.post(f"/admin/{path}", data=fields | {"csrf_token": token})


def shown(answer: httpx.Response, field: str) -> str:
    """The secret in a field of the page that shows it."""
    found = re.search(rf'<input id="{field}" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def status(house: House, secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return house.app.http.get("/v1/sinks", headers=headers).status_code


def test_a_key_is_made_shown_once_and_revoked(house: House, admin: httpx.Client) -> None:
    made = send(admin, "keys", name="Till 3", role="editor", expires="2999-01-31", link="yes")
    assert (made.status_code, made.headers["Cache-Control"]) == (200, "no-store")
    secret, link = shown(made, "secret"), shown(made, "link")
    assert status(house, secret) == 200, "at once"
    assert secret not in admin.get("/admin").text
    key_id = secret.split("_")[1]
    with house.browser() as other:
        path = link.removeprefix(house.app.url)
        assert path.startswith("/sign-in/link?token=")
        assert "Till 3" in other.get(path).text
        assert other.post("/sign-in/link", data={"token": path.split("=")[1]}).status_code == 303
        assert other.get("/admin").status_code == 403
    assert 'expires: <time datetime="2999-02-01T00:00:00' in admin.get("/admin").text
    asked = admin.get(f"/admin/keys/revoke?id={key_id}").text
    assert "Revoke <bdi>Till 3</bdi>?" in asked
    assert "You are signed in with this key" not in asked
    assert send(admin, "keys/revoke", id=key_id).headers["Location"] == "/admin#keys"
    assert status(house, secret) == 401
    assert send(admin, "keys/revoke", id=key_id).status_code == 404
    log = house.app.http.get("/v1/admin/log", headers=house.headers["admin"]).json()["items"]
    assert [(row["actor"], row["action"]) for row in log[:4]] == [
        ("admin", "key revoked"),
        ("Till 3", "sign-in link used"),
        ("admin", "sign-in link made"),
        ("admin", "key created"),
    ]


def test_a_new_key_is_shown_even_if_its_link_could_not_be_made(
    house: House, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> str:
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(house.app.services.access.authenticator.sign_in, "make_link", failing)
    made = send(admin, "keys", name="Till 4", role="editor", link="yes")
    assert status(house, shown(made, "secret")) == 200
    assert 'id="link"' not in made.text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"name": "", "role": "viewer"}, "name", "Enter a name."),
        ({"name": "local", "role": "viewer"}, "name", "Stockpulse uses it itself"),
        ({"name": "admin", "role": "viewer"}, "name", "already exists"),
        ({"name": "new", "role": "owner"}, "role", "Choose a role."),
        ({"name": "new", "role": "viewer", "expires": "soon"}, "expires", "Enter a day"),
        ({"name": "new", "role": "viewer", "expires": "2020-01-01"}, "expires", "or a later day"),
    ],
)
def test_bad_input_says_which_field_and_keeps_what_was_typed(
    house: House, admin: httpx.Client, fields: dict[str, str], field: str, says: str
) -> None:
    before = len(house.keys.read().keys)
    refused = send(admin, "keys", **fields)
    assert refused.status_code == 422
    wrong = re.search(r'<(?:input|select) id="(\w+)"[^>]*aria-invalid="true"', refused.text)
    assert wrong is not None
    assert wrong[1] == field
    assert says in unescape(refused.text)
    assert f'value="{fields["name"]}"' in refused.text
    assert len(house.keys.read().keys) == before


def test_a_link_is_listed_until_it_is_revoked(house: House, admin: httpx.Client) -> None:
    made = send(admin, "links", id=house.made["viewer"].id)
    token = shown(made, "link").partition("token=")[2]
    page = admin.get("/admin").text
    assert token not in page
    (link_id,) = re.findall(r'/admin/links/revoke">.*?name="id" value="(\w+)"', page)
    assert send(admin, "links/revoke", id=link_id).headers["Location"] == "/admin#links"
    assert house.app.http.get(f"/sign-in/link?token={token}", headers=HTML).status_code == 410
    assert send(admin, "links/revoke", id=link_id).status_code == 404
    expired = send(admin, "links", id=house.made["expired"].id)
    assert expired.status_code == 404
    assert "nobody can sign in with it" in expired.text


def test_who_revokes_the_own_or_the_last_key_of_an_admin_is_warned(
    house: House, admin: httpx.Client
) -> None:
    own = f"/admin/keys/revoke?id={house.made['admin'].id}"
    for warning in ("you will be signed out", "the last admin’s key"):
        assert warning in admin.get(own).text
    house.key("second", Role.ADMIN)
    house.refresh_keys()
    assert "the last admin’s key" not in admin.get(own).text
    house.keys.revoke("second", "test")


def test_the_first_key_is_an_admins_and_its_page_has_no_live_parts(
    endpoint: str, tmp_path: Path
) -> None:
    with serving(settings_for(endpoint, tmp_path)) as app:
        headers = {"Accept": "text/html"}
        assert "Make the first key, for an admin." in app.http.get("/admin", headers=headers).text
        viewer = {"name": "ada", "role": "viewer"}
        refused = app.http.post("/admin/keys", data=viewer, headers=headers)
        assert (refused.status_code, "Make an admin’s" in refused.text) == (422, False)
        assert "an admin&#39;s key first" in refused.text
        made = app.http.post("/admin/keys", data=viewer | {"role": "admin"}, headers=headers)
        assert "From now on everyone must sign in" in made.text
        assert "shell/main.js" not in made.text, "it would leave for the sign-in"
        secret = shown(made, "secret")
        assert until(lambda: app.http.get("/v1/products").status_code == 401)
        signed_in = app.http.post("/sign-in", data={"key": secret}, headers=headers)
        assert signed_in.status_code == 303


def test_a_read_only_deployment_offers_no_form_and_refuses_them(
    endpoint: str, tmp_path: Path
) -> None:
    with serving(settings_for(endpoint, tmp_path)):
        pass  # a read-only deployment creates no table
    with (
        furnished(endpoint, tmp_path, read_only=True) as house,
        house.browser(house.secrets["admin"]) as admin,
    ):
        for path in ("/admin", "/system"):
            page = admin.get(path).text
            assert "/system/sinks/" not in page
            assert "/admin/" not in page.replace("/admin/log", "")
        for path in ("/admin/keys", "/system/sinks/pause"):
            token = {"csrf_token": token_of(admin.get("/").text), "name": "x", "role": "viewer"}
            refused = admin.post(path, data=token)
            assert (refused.status_code, "the pages change nothing" in refused.text) == (403, True)
