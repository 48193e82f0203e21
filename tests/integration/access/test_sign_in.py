"""People sign in with a key or a link, and sign out; their writes carry their name."""

import logging
from datetime import datetime

import pytest

from app.core.roles import Role
from tests.support.house import House, forms, token_of
from tests.support.http import plain


def test_viewers_see_only_the_sign_out_form(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as viewer:
        for page in ("/", "/products"):
            assert {action for action, _ in forms(viewer.get(page).text)} == {"/sign-out"}
        assert "Admin</a>" not in viewer.get("/").text
        refused = viewer.get("/products/new")
        assert refused.status_code == 403
        assert "needs the role editor" in refused.text


def test_person_without_a_session_is_redirected_to_the_sign_in_and_back(house: House) -> None:
    with house.browser() as browser:
        redirect = browser.get("/products?cursor=a%2Fb&x=1")
        assert redirect.status_code == 303
        page = browser.get(redirect.headers["Location"])
        ((_, fields),) = forms(page.text)
        signed_in = browser.post("/sign-in", data=fields | {"key": f" {house.secrets['viewer']} "})
        assert signed_in.headers["Location"] == "/products?cursor=a%2Fb&x=1"
        assert browser.get("/").status_code == 200
        # A form cannot be sent again after the sign-in, so it leads to the first page.
        browser.cookies.clear()
        assert browser.post("/products/new", data={}).headers["Location"] == "/sign-in?next=/"


def test_sign_out_ends_the_session_on_the_server(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as browser:
        cookie = dict(browser.cookies)
        token = token_of(browser.get("/").text)
        assert browser.post("/sign-out", data={}).status_code == 403
        gone = browser.post("/sign-out", data={"csrf_token": token})
        assert gone.headers["Location"] == "/sign-in"
        assert "Max-Age=0" in gone.headers["Set-Cookie"]
        assert not browser.cookies
        again = plain.get(f"{house.app.url}/v1/products", cookies=cookie)
        assert again.status_code == 401


def test_each_sign_in_starts_a_new_session(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as browser:
        first = dict(browser.cookies)
        assert browser.post("/sign-in", data={"key": house.secrets["editor"]}).status_code == 303
        assert browser.cookies["stockpulse_session"] != first["stockpulse_session"]
        assert "editor" in browser.get("/").text
        assert 'name="csrf_token"' in browser.get("/docs").text, "to try the API in the browser"
    with plain.Client(base_url=house.app.url, cookies=first) as fixed:
        assert fixed.get("/v1/products").status_code == 401, "the previous session has ended"


def test_cookie_is_http_only_and_same_site(house: House) -> None:
    answer = house.app.http.post("/sign-in", data={"key": house.secrets["viewer"]})
    name, *flags = answer.headers["Set-Cookie"].split("; ")
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert house.secrets["viewer"] not in name
    house.app.http.cookies.clear()


def test_responses_are_not_cached_for_other_users(house: House) -> None:
    for path in ("/", "/v1/products", "/v1/products/K9", "/v1/admin/log", "/sign-in"):
        cache_control = house.app.http.get(path, headers=house.headers["admin"]).headers[
            "Cache-Control"
        ]
        assert cache_control in {"no-store", "private, no-cache"}, path


def test_link_signs_in_once_and_opening_it_does_not_use_it_up(house: House) -> None:
    token = house.sign_in.make_link(house.made["viewer"], "test")
    with house.browser() as browser:
        for _ in range(2):
            page = browser.get("/sign-in/link", params={"token": token})
            assert "Sign in as <bdi>viewer</bdi>?" in page.text
            assert page.headers["Referrer-Policy"] == "same-origin"
        ((action, fields),) = forms(page.text)
        assert browser.post(action, data=fields).status_code == 303
        assert browser.get("/products").status_code == 200
        assert browser.post(action, data=fields).status_code == 410
        assert browser.get("/sign-in/link", params={"token": token}).status_code == 410


def test_actor_of_a_write_is_the_name_of_its_key(house: House) -> None:
    written = house.app.http.post(
        "/v1/products",
        json={"product_id": "WHO", "name": "Who", "stock": 1},
        headers=house.headers["editor"],
    )
    assert written.status_code == 201
    for _ in range(100):
        events = house.app.http.get(
            "/v1/products/WHO/events", headers=house.headers["viewer"]
        ).json()["items"]
        if events:
            break
    assert [event["data"]["actor"] for event in events] == ["editor"]


def test_admins_can_read_the_admin_log(house: House) -> None:
    seen, cursor = [], None
    while cursor or not seen:
        page = house.app.http.get(
            "/v1/admin/log",
            params={"limit": 3} | ({"cursor": cursor} if cursor else {}),
            headers=house.headers["admin"],
        ).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    moments = [datetime.fromisoformat(row["at"]) for row in seen]  # as text :01Z follows :01.5Z
    assert moments == sorted(moments, reverse=True)
    revoked = next(row for row in seen if row["action"] == "key revoked")
    assert revoked["actor"] == "test"
    assert revoked["before"]["name"] == "revoked"
    assert sum(row["action"] == "key created" for row in seen) >= 5
    assert "hash" not in str(seen).lower()


def test_secrets_are_never_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "app"):
        secret, name = house.key("planted", Role.VIEWER), house.made["planted"].name
        token = house.sign_in.make_link(house.made["planted"], "test")
        house.refresh_keys()
        with house.browser(secret) as browser:
            cookie = browser.cookies["stockpulse_session"]
            browser.get("/sign-in/link", params={"token": token})
            browser.post("/sign-in/link", data={"token": token})
            browser.post("/sign-in/link", data={"token": token})
        house.app.http.post("/sign-in", data={"key": secret[:-1]})
        house.app.http.get("/v1/products", headers=house.headers["planted"])
        house.app.http.get("/v1/products", params={"key": secret})
        house.app.http.get("/v1/products", headers=house.headers["revoked"])
    assert f"{name} signed in" in caplog.text
    assert f"rejected API key {house.made['revoked'].id} from 127.0.0.1" in caplog.text
    for planted in (secret, secret[16:-1], token, cookie):
        assert planted not in caplog.text
    rows = house.app.tables.scan(TableName=f"{house.app.services.settings.table_prefix}Settings")
    for planted in (secret[16:], token):
        assert planted not in str(rows["Items"]), "stored as a hash only"
