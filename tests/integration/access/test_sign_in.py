"""People sign in with a key or a link, and out; what they do carries their name."""

import logging
from datetime import datetime

import httpx
import pytest

from app.core.roles import Role
from tests.support.house import House, forms, token_of


def test_viewers_see_no_forms_but_the_sign_out(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as viewer:
        for page in ("/", "/products"):
            assert {action for action, _ in forms(viewer.get(page).text)} == {"/sign-out"}
        assert "Admin</a>" not in viewer.get("/").text
        refused = viewer.get("/products/new")
        assert refused.status_code == 403
        assert "needs the role editor" in refused.text


def test_a_person_without_a_session_is_led_to_the_sign_in_and_back(house: House) -> None:
    with house.browser() as browser:
        led = browser.get("/products?cursor=a%2Fb&x=1")
        assert led.status_code == 303
        page = browser.get(led.headers["Location"])
        ((_, fields),) = forms(page.text)
        signed_in = browser.post("/sign-in", data=fields | {"key": f" {house.secrets['viewer']} "})
        assert signed_in.headers["Location"] == "/products?cursor=a%2Fb&x=1"
        assert browser.get("/").status_code == 200
        # What was sent cannot be sent again: the way back is the first page.
        browser.cookies.clear()
        assert browser.post("/products/new", data={}).headers["Location"] == "/sign-in?next=/"


def test_a_sign_out_ends_the_session_wherever_its_cookie_is(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as browser:
        cookie = dict(browser.cookies)
        token = token_of(browser.get("/").text)
        assert browser.post("/sign-out", data={}).status_code == 403
        gone = browser.post("/sign-out", data={"csrf_token": token})
        assert gone.headers["Location"] == "/sign-in"
        assert "Max-Age=0" in gone.headers["Set-Cookie"]
        assert not browser.cookies
        again = httpx.get(f"{house.app.url}/v1/products", cookies=cookie)
        assert again.status_code == 401


def test_each_sign_in_begins_a_session_of_its_own(house: House) -> None:
    with house.browser(house.secrets["viewer"]) as browser:
        first = dict(browser.cookies)
        assert browser.post("/sign-in", data={"key": house.secrets["editor"]}).status_code == 303
        assert browser.cookies["stockpulse_session"] != first["stockpulse_session"]
        assert "editor" in browser.get("/").text
        assert 'name="csrf_token"' in browser.get("/docs").text, "to try the API with"
    with httpx.Client(base_url=house.app.url, cookies=first) as fixed:
        assert fixed.get("/v1/products").status_code == 401, "the one before has ended"


def test_the_cookie_is_for_us_alone(house: House) -> None:
    answer = house.app.http.post("/sign-in", data={"key": house.secrets["viewer"]})
    name, *flags = answer.headers["Set-Cookie"].split("; ")
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert house.secrets["viewer"] not in name
    house.app.http.cookies.clear()


def test_what_one_may_see_is_not_kept_for_another(house: House) -> None:
    for path in ("/", "/v1/products", "/v1/products/K9", "/v1/admin/log", "/sign-in"):
        kept = house.app.http.get(path, headers=house.headers["admin"]).headers["Cache-Control"]
        assert kept in {"no-store", "private, no-cache"}, path


def test_a_link_signs_in_once_and_looking_does_not_use_it_up(house: House) -> None:
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


def test_the_writer_is_the_key_s_holder(house: House) -> None:
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


def test_admins_read_what_admins_did(house: House) -> None:
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


def test_no_secret_is_ever_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
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
    assert f"key {house.made['revoked'].id} was refused, from 127.0.0.1" in caplog.text
    for planted in (secret, secret[16:-1], token, cookie):
        assert planted not in caplog.text
    rows = house.app.tables.scan(TableName=f"{house.app.services.settings.table_prefix}Settings")
    for planted in (secret[16:], token):
        assert planted not in str(rows["Items"]), "kept as a hash only"
