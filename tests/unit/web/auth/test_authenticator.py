"""Valid keys and sessions are accepted; forged, expired and malformed ones are rejected."""

from datetime import timedelta

import pytest

from app.web.statics import static_path
from tests.support.access import an_authenticator
from tests.support.site import START, Clock, Site, a_key, cookie_of

KEY, SECRET = a_key()


@pytest.fixture(scope="module")
def site() -> Site:
    """The application with one key."""
    return Site(an_authenticator([KEY]))


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/\\evil.example/",
        "\\/evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        " //evil.example",
        "/products\r\nSet-Cookie: a=b",
        "products",
        "",
    ],
)
def test_sign_in_never_redirects_to_another_host(site: Site, path: str) -> None:
    answer = site.ask("POST", "/sign-in", data={"key": SECRET.text, "next": path})
    assert answer.headers["Location"] == "/"


def test_session_ends_after_its_idle_time_and_after_its_lifetime() -> None:
    clock = Clock()
    key, secret = a_key()
    site = Site(an_authenticator([key], now=clock))
    first = site.sign_in(secret)
    clock.now += timedelta(minutes=29)
    used = site.ask(headers=cookie_of(first))
    assert used.json()["by"] == "session"
    clock.now += timedelta(minutes=1)
    assert site.ask(headers=cookie_of(first)).status_code == 401, "idle for half an hour"
    latest = used.headers["Set-Cookie"]
    for _ in range(24):
        clock.now += timedelta(minutes=28)
        latest = site.ask(headers=cookie_of(latest)).headers["Set-Cookie"]
    clock.now = START + timedelta(hours=12)
    assert site.ask(headers=cookie_of(latest)).status_code == 401, "at the end of its lifetime"


def test_cookie_is_not_renewed_with_every_request() -> None:
    clock = Clock()
    key, secret = a_key()
    site = Site(an_authenticator([key], now=clock))
    session = cookie_of(site.sign_in(secret))
    clock.now += timedelta(minutes=2)
    assert "Set-Cookie" not in site.ask(headers=session).headers


def test_session_ends_with_its_key_and_forged_cookies_are_rejected() -> None:
    clock = Clock()
    key, secret = a_key(expires_at=START + timedelta(minutes=5))
    site = Site(an_authenticator([key], now=clock))
    session = site.sign_in(secret)
    name, _, value = session.partition(";")[0].partition("=")
    forged = [value[:-9] + value[:-10:-1], value[1:], "a.b", "", "W10.x", "é"]
    for cookie in forged:
        header = f"{name}={cookie}".encode()
        assert site.ask(headers={b"Cookie": header}).status_code == 401
    other = an_authenticator([key], now=clock)
    session_of = type(other.sessions)("o" * 32, timedelta(minutes=30), timedelta(hours=12))
    word = session_of.write(session_of.begin(key, clock.now))
    assert site.ask(headers={"Cookie": f"{name}={word}"}).status_code == 401
    clock.now += timedelta(minutes=5)
    assert site.ask(headers=cookie_of(session)).status_code == 401


def test_wrong_key_is_rejected_even_if_no_key_is_required() -> None:
    site = Site(an_authenticator())
    assert site.ask().json()["actor"] == "local"
    refused = site.ask(headers={"Authorization": "Bearer sp_wrong"})
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Digest x", "bearer\tx", "é"])
def test_malformed_authorization_header_is_rejected(site: Site, header: str) -> None:
    headers = {b"Authorization": header.encode("latin-1")}
    assert site.ask(headers=headers).status_code == 401


def test_request_with_two_credentials_is_rejected(site: Site) -> None:
    good, bad = (f"Bearer {word}" for word in (SECRET.text, "sp_wrong"))
    for pair in ((good, bad), (bad, good), (good, good)):
        headers = [("Authorization", value) for value in pair]
        assert site.ask(headers=headers).status_code == 401, pair


def test_sign_in_pages_and_redirects_include_the_base_path() -> None:
    key, secret = a_key()
    site = Site(an_authenticator([key], base="/shop"))
    redirect = site.ask("GET", "/shop/products?x=1", headers={"Accept": "text/html"})
    assert redirect.headers["Location"] == "/shop/sign-in?next=/shop/products%3Fx%3D1"
    page = site.ask("GET", redirect.headers["Location"], headers={"Accept": "text/html"})
    assert 'action="/shop/sign-in"' in page.text
    assert 'value="/shop/products?x=1"' in page.text
    session = site.ask("POST", "/shop/sign-in", data={"key": secret.text}).headers["Set-Cookie"]
    page = site.ask("GET", "/shop/products", headers={"Accept": "text/html"} | cookie_of(session))
    assert 'action="/shop/sign-out"' in page.text
    assert site.ask("GET", f"/shop{static_path()}/favicon.svg").status_code == 200
    for other in ("/other/app", "/shopping", "/"):
        answer = site.ask("POST", "/shop/sign-in", data={"key": secret.text, "next": other})
        assert answer.headers["Location"] == "/shop/"


def test_sign_in_page_refreshes_when_reached_from_another_site() -> None:
    key, _ = a_key()
    site = Site(an_authenticator([key]))
    page = site.ask("GET", "/sign-in?next=/products", headers={"Sec-Fetch-Site": "cross-site"})
    assert 'http-equiv="refresh" content="0; url=/sign-in?next=%2Fproducts"' in page.text
    assert "refresh" not in site.ask("GET", "/sign-in?next=/products").text


def test_server_without_keys_is_still_open_after_a_minute_without_requests() -> None:
    seconds = [0.0]
    authenticator = an_authenticator(monotonic=lambda: seconds[0])
    assert not authenticator.key_cache.current().credentials_required
    seconds[0] += 60
    assert authenticator.is_open()


def test_csrf_tokens_differ_and_are_bound_to_their_owner() -> None:
    """A constant token could be read from the length of compressed pages (BREACH)."""
    sessions = an_authenticator().sessions
    first, second = sessions.form_token("ada"), sessions.form_token("ada")
    assert first.partition(".")[0] != second.partition(".")[0]
    assert first.partition(".")[2] != second.partition(".")[2]
    for token in (first, second):
        assert sessions.is_form_token("ada", token)
        assert not sessions.is_form_token("eve", token)
    nonce, _, signature = first.partition(".")
    for forged in ("", ".", nonce, f"{second.partition('.')[0]}.{signature}", f".{signature}", "é"):
        assert not sessions.is_form_token("ada", forged)
