"""Proxy headers are read from configured proxies only, and only if they are unambiguous."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from app.core.roles import Role
from app.web.auth.trusted_proxies import TrustedProxies
from tests.support.access import an_authenticator
from tests.support.site import PROXY, STRANGER, Site, a_key, cookie_of

KEY, SECRET = a_key()
PROXIES = TrustedProxies(
    (ip_network("10.0.0.7/32"), ip_network("10.2.0.0/16")),
    "x-user",
    "x-groups",
    {"staff": Role.EDITOR, "it": Role.ADMIN},
)


@pytest.fixture(scope="module")
def site() -> Site:
    """The application behind proxies that name people, with one API key as well."""
    return Site(an_authenticator([KEY], proxies=PROXIES), allowed_hosts=("shop.example",))


@pytest.mark.parametrize(
    ("base", "headers", "name", "flags"),
    [
        ("", {}, "stockpulse_session", {"Path=/"}),
        ("/shop", {}, "stockpulse_session", {"Path=/shop"}),
        ("", {"X-Forwarded-Proto": "https"}, "__Host-stockpulse_session", {"Path=/", "Secure"}),
        (
            "/shop",
            {"X-Forwarded-Proto": "https"},
            "__Secure-stockpulse_session",
            {"Path=/shop", "Secure"},
        ),
    ],
)
def test_cookie_is_secure_behind_tls(
    base: str, headers: dict[str, str], name: str, flags: set[str]
) -> None:
    key, secret = a_key()
    site = Site(an_authenticator([key], proxies=TrustedProxies(PROXIES.networks), base=base))
    answer = site.ask("POST", f"{base}/sign-in", PROXY, data={"key": secret.text}, headers=headers)
    value, *given = answer.headers["Set-Cookie"].split("; ")
    assert value.startswith(f"{name}=")
    assert set(given) == {"HttpOnly", "SameSite=Strict", *flags}
    assert ("Strict-Transport-Security" in answer.headers) == ("Secure" in flags)
    back = site.ask("GET", f"{base}/who", PROXY, headers=headers | cookie_of(value))
    assert back.json()["by"] == "session"


def test_trusted_proxy_names_the_person(site: Site) -> None:
    headers = {"X-User": "Zoë Ängström", "X-Groups": "guests, staff"}
    raw = {name: value.encode() for name, value in headers.items()}
    seen = site.ask(peer=PROXY, headers=raw).json()
    assert (seen["actor"], seen["role"], seen["by"]) == ("Zoë Ängström", "editor", "proxy")
    raw["X-Groups"] = b"staff,it"
    assert site.ask(peer=PROXY, headers=raw).json()["role"] == "admin"
    for alike in (b"foo;it", b"foo it", b"it;", b"IT", b'"it"'):
        raw["X-Groups"] = b"staff," + alike
        assert site.ask(peer=PROXY, headers=raw).json()["role"] == "editor", alike
    raw["X-Groups"] = b"guests"
    refused = site.ask(peer=PROXY, headers=raw)
    assert refused.status_code == 403
    assert "STOCKPULSE_PROXY_ROLES" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (STRANGER, [("X-User", "ada"), ("X-Groups", "it")]),
        (STRANGER, [("X-User", "ada"), ("X-Groups", "it"), ("X-Forwarded-For", PROXY)]),
        (STRANGER, [("X-User", "ada"), ("X-Groups", "it"), ("Forwarded", f"for={PROXY}")]),
        (PROXY, [("X-User", "mallory"), ("X-User", "ada"), ("X-Groups", "it")]),
        (PROXY, [("X-User", ""), ("X-Groups", "it")]),
        (PROXY, [("X-User", "a" * 201), ("X-Groups", "it")]),
        (PROXY, [("X-User", "ada\x1b[2J"), ("X-Groups", "it")]),
        (PROXY, [("X-User", "ada\u202ecod".encode()), ("X-Groups", "it")]),
        (PROXY, [("X_User", "ada"), ("X-Groups", "it")]),
        (PROXY, []),
    ],
)
def test_person_headers_from_untrusted_peers_and_invalid_names_are_ignored(
    site: Site, peer: str, headers: Any
) -> None:
    assert site.ask(peer=peer, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "name", ["local", "LOCAL", "cli:root", "CLI: root", "\uff43li:root", "outside  Stockpulse"]
)
def test_person_with_a_name_of_our_own_is_refused(site: Site, name: str) -> None:
    refused = site.ask(peer=PROXY, headers=[("X-User", name.encode()), ("X-Groups", "it")])
    assert refused.status_code == 403
    assert "another name" in refused.json()["detail"]


def test_group_header_sent_by_a_client_is_ignored(site: Site) -> None:
    headers = [("X-User", "ada"), ("X-Groups", "it"), ("X-Groups", "staff")]
    assert site.ask(peer=PROXY, headers=headers).status_code == 403
    starred = TrustedProxies(
        PROXIES.networks, "x-user", "x-groups", {"*": Role.VIEWER, "it": Role.ADMIN}
    )
    seen = Site(an_authenticator(proxies=starred)).ask(peer=PROXY, headers=headers).json()
    assert seen["role"] == "viewer"


def test_form_of_a_proxy_user_needs_a_token(site: Site) -> None:
    headers = {"X-User": "ada", "X-Groups": "staff"}
    refused = site.ask("POST", "/sign-out", PROXY, headers=headers)
    assert refused.json()["code"] == "csrf-token-needed"
    token = site.authenticator.sessions.form_token("person ada")
    sent = site.ask("POST", "/sign-out", PROXY, headers=headers | {"X-CSRF-Token": token})
    assert sent.status_code == 303
    other = headers | {"X-User": "eve", "X-CSRF-Token": token}
    assert site.ask("POST", "/sign-out", PROXY, headers=other).status_code == 403


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        (PROXY, {"X-Forwarded-For": "1.2.3.4"}, {"client": "1.2.3.4"}),
        (PROXY, {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.2.3.4"}, {"client": "1.2.3.4"}),
        (PROXY, {"X-Forwarded-For": "1.2.3.4, unknown, 10.2.3.4"}, {"client": "10.2.3.4"}),
        (f"::ffff:{PROXY}", {"X-Forwarded-For": "2001:db8::1"}, {"client": "2001:db8::1"}),
        (PROXY, {"X-Forwarded-Proto": "https"}, {"scheme": "https"}),
        (PROXY, {"X-Forwarded-Proto": "http, https"}, {"scheme": "https"}),
        (PROXY, {"X-Forwarded-Proto": "ftp"}, {"scheme": "http"}),
        (PROXY, {"X-Forwarded-Host": "shop.example"}, {"host": "shop.example"}),
        (PROXY, {"Forwarded": "for=1.2.3.4;proto=https"}, {"client": PROXY, "scheme": "http"}),
        (
            STRANGER,
            {
                "X-Forwarded-For": "1.2.3.4",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "shop.example",
            },
            {"client": STRANGER, "scheme": "http", "host": "127.0.0.1"},
        ),
    ],
)
def test_forwarded_headers_are_read_from_trusted_proxies_only(
    site: Site, peer: str, headers: dict[str, str], expected: Mapping[str, str]
) -> None:
    seen = site.ask(peer=peer, headers=headers | {"Authorization": f"Bearer {SECRET.text}"}).json()
    assert {name: seen[name] for name in expected} == expected


def test_unknown_host_from_a_trusted_proxy_is_rejected(site: Site) -> None:
    assert site.ask(peer=PROXY, headers={"X-Forwarded-Host": "evil.example"}).status_code == 421
