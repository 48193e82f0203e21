"""The webhook's settings are checked at the start, and its secrets are never shown."""

import base64

import pytest

from app.config.addresses import without_query
from app.config.settings import PREFIX, load
from tests.unit.config.environment import given

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def _secret(length: int) -> str:
    return "whsec_" + base64.b64encode(b"s" * length).decode()


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/hooks?token=a%20b&x=[1]",
        "HTTPS://Shop.Example.:8443/",
        "http://localhost:9000/hooks",
        "http://10.0.0.7/hooks",
        "http://169.254.169.254/",
        "http://[::1]:9000/hooks",
        "http://stock_receiver/hooks",
        "https://xn--lden-goa.example/",
    ],
)
def test_any_http_url_is_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given(monkeypatch, WEBHOOK_URL=url, WEBHOOK_SECRET=SECRET)
    settings = load()
    assert settings.webhook_url is not None
    assert settings.webhook_url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/hooks",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https://",
        "https:///hooks",
        "https://ada:s3cr3t@shop.example/",
        "https://s3cr3t@shop.example/",
        "https://@shop.example/",
        "https://shop.example/#s3cr3t",
        "https://shop.example/#",
        "https://shop.example/s3cr3t path",
        "https://shop.example/s3cr3t\r\nX: y",
        "https://läden.example/s3cr3t",
        "https://shop.example/s3cr3té",
        "https://shop..example/",
        "https://.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 127}example/",
        "https://shop.example:0/",
        "https://shop.example:/",
        "https://shop.example:99999/",
        "https://shop.example:https/",
        "http://[::1/",
        "http://[shop]/",
        "https://shop.example\\@other.example/",
        "https://shop.example/" + "x" * 2048,
    ],
)
def test_invalid_url_is_refused_and_not_shown(refused, url: str) -> None:
    message = refused(WEBHOOK_URL=url, WEBHOOK_SECRET=SECRET)
    assert message.startswith(f"{PREFIX}WEBHOOK_URL: must be a URL such as ")
    assert "\n" not in message
    assert "s3cr3t" not in message


def test_url_needs_a_secret(refused) -> None:
    message = refused(WEBHOOK_URL="https://shop.example/hooks")
    assert f"{PREFIX}WEBHOOK_SECRET must be set" in message
    assert "openssl rand -base64 32" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "s3cr3t",
        SECRET.removeprefix("whsec_"),
        "whsec_",
        "whsec_s3cr3t!",
        "WHSEC_" + SECRET.removeprefix("whsec_"),
        SECRET + " ",
        SECRET + "é",
        SECRET.rstrip("="),
        _secret(23),
        _secret(65),
    ],
)
def test_malformed_secret_is_refused_and_not_shown(refused, secret: str) -> None:
    message = refused(WEBHOOK_URL="https://shop.example/", WEBHOOK_SECRET=secret)
    assert message.startswith(f"{PREFIX}WEBHOOK_SECRET: must be whsec_ followed by 24 to 64")
    assert "openssl rand -base64 32" in message
    assert "\n" not in message
    assert len(secret) < 8 or secret not in message


@pytest.mark.parametrize("length", [24, 32, 64])
def test_secrets_of_24_to_64_bytes_are_accepted(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    given(monkeypatch, WEBHOOK_SECRET=_secret(length))
    assert load().webhook_secret is not None


def test_error_of_an_invalid_filter_names_the_field(refused) -> None:
    message = refused(WEBHOOK_FILTER='{"data": {"kind": "updated"}}')
    assert message == (
        f"{PREFIX}WEBHOOK_FILTER: data.kind: values must be in a list, even a single value"
    )


def test_url_and_secret_are_not_in_the_settings_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, WEBHOOK_URL="https://shop.example/?k=s3cr3t", WEBHOOK_SECRET=SECRET)
    assert "s3cr3t" not in repr(load())
    assert SECRET not in repr(load())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example:8443/hooks?token=s3cr3t", "https://shop.example:8443/hooks"),
        ("https://ada:s3cr3t@shop.example/hooks#s3cr3t", "https://shop.example/hooks"),
        ("http://[::1]:9000/hooks", "http://[::1]:9000/hooks"),
        ("/new?token=s3cr3t", "/new"),
        ("//other.example/new", "//other.example/new"),
        ("http://[::1", ""),
        ("", ""),
        ("https://shop.example/\x1b[31m\u202eread", "https://shop.example/…"),
        ("https://shop.example/hooks/T000/B000/XXXX", "https://shop.example/hooks/…"),
        ("https://shop.example/" + "ab/" * 2000, "https://shop.example/" + ("ab/" * 60)[:179]),
    ],
)
def test_url_is_shown_without_credentials_and_query(url: str, shown: str) -> None:
    assert without_query(url) == shown
