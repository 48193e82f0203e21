"""The settings of notifications are checked at the start, and show no password."""

from pathlib import Path

import pytest

from app.config.settings import PREFIX, load
from app.config.smtp import SMTPServer, mail_address, smtp_server
from tests.unit.config.environment import given

SENDER = "Stockpulse <stock@shop.example>"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://ann:s%40crt@mail.example", ("mail.example", 587, "starttls", "ann", "s@crt")),
        ("smtps://ann:pw@mail.example", ("mail.example", 465, "tls", "ann", "pw")),
        ("smtps://mail.example:2465/", ("mail.example", 2465, "tls", "", "")),
        ("smtp+plain://relay", ("relay", 25, "none", "", "")),
        ("smtp+plain://ann:pw@[::1]:1025", ("::1", 1025, "none", "ann", "pw")),
    ],
)
def test_the_scheme_says_how_mail_is_encrypted(url: str, server: tuple[object, ...]) -> None:
    assert smtp_server(url) == server
    assert "pw" not in repr(smtp_server(url))


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "http://s3cr3t@mail.example",
        "smtp://",
        "smtp://ann@mail.example",
        "smtp://:s3cr3t@mail.example",
        "smtp://mail.example/s3cr3t",
        "smtp://mail.example?s3cr3t",
        "smtp://mail.example:0",
        "smtp://mail.example:99999",
        "smtp://ann:s3cr3t@mail_server!",
        "smtp+plain://ann:s3cr3t@mail.example",
    ],
)
def test_another_form_is_refused_without_showing_it(refused, url: str) -> None:
    message = refused(SMTP_URL=url, SMTP_FROM=SENDER)
    assert message.startswith(f"{PREFIX}SMTP_URL: must ")
    assert "s3cr3t" not in message


@pytest.mark.parametrize("sender", ["", "Stockpulse", "a@b@c", "a@shop.example\nBcc: x@y.example"])
def test_a_sender_that_is_no_address_is_refused(refused, sender: str) -> None:
    assert f"{PREFIX}SMTP_FROM: " in refused(SMTP_URL="smtps://mail.example", SMTP_FROM=sender)


def test_mail_needs_a_sender(refused) -> None:
    assert f"{PREFIX}SMTP_FROM must be set" in refused(SMTP_URL="smtps://mail.example")


@pytest.mark.parametrize(
    ("given_address", "address"),
    [
        (" Ann.O'Neil+stock@Shop.Example ", "Ann.O'Neil+stock@shop.example"),
        ("a@läden.example", "a@xn--lden-loa.example"),
        ("ops@mailhost", "ops@mailhost"),
    ],
)
def test_an_address_gets_its_canonical_form(given_address: str, address: str) -> None:
    assert mail_address(given_address) == address


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@shop.example", "ann@", "ann@@shop.example", "a b@shop.example",
        "Ann <ann@shop.example>", "a@x.example,b@x.example", "a@x.example\nBcc: b@x.example",
        ".a@x.example", "a..b@x.example", "a.@x.example", "ä@x.example", "a@-x.example",
        "a@x..example", "a@[127.0.0.1]", "a@" + "x" * 64 + ".example", "a" * 65 + "@x.example",
        "a@" + "x." * 130 + "example", "a@\ud800.example",
    ],
)  # fmt: skip
def test_what_cannot_be_one_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|characters|domain"):
        mail_address(address)


@pytest.mark.parametrize("url", ["stock.example", "ftp://stock.example", "https://a.example/?x=1"])
def test_a_public_address_is_a_url_without_a_query(refused, url: str) -> None:
    assert f"{PREFIX}PUBLIC_URL: " in refused(PUBLIC_URL=url)


def test_a_secrets_file_that_others_can_read_is_refused(refused, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("CHAT=s3cr3t\n")
    file.chmod(0o640)
    message = refused(SECRETS_FILE=str(file))
    assert message == f"{PREFIX}SECRETS_FILE: is readable by others: run chmod 600 {file}"


@pytest.mark.parametrize("line", ["s3cr3t", "chat=s3cr3t", "CHAT=", "=s3cr3t", "CHAT s3cr3t"])
def test_a_line_of_another_form_is_named_and_not_shown(refused, tmp_path: Path, line: str) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"# mine\n\nA=b\n{line}\n")
    file.chmod(0o600)
    message = refused(SECRETS_FILE=str(file))
    assert message.startswith(f"{PREFIX}SECRETS_FILE: line 4 of {file} must be NAME=value")
    assert "s3cr3t" not in message


def test_a_file_or_folder_that_is_missing_is_refused(refused, tmp_path: Path) -> None:
    assert "cannot be read" in refused(SECRETS_FILE=str(tmp_path / "none"))
    assert f"{PREFIX}TEMPLATES_DIR: must be a folder" in refused(TEMPLATES_DIR="none")


def test_secrets_are_no_unknown_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SECRET_CHAT="json://chat.example/token")
    assert "token" not in repr(load())


def test_a_server_is_shown_without_its_password() -> None:
    assert repr(SMTPServer("h", 1, "tls", "ann", "pw")) == "SMTPServer(h:1, tls)"
