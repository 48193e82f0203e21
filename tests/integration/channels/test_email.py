"""E-mails arrive over STARTTLS and AUTH, are read as sent, and each answer means one thing."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from app.config.smtp import sender_of, smtp_server
from app.core.rules.rule import Recipient
from app.notifications.channels.channel import (
    AddressRefused,
    MessageRefused,
    NotNow,
    RecipientGone,
)
from app.notifications.channels.mail.email_channel import EmailChannel
from app.notifications.texts.templates import Texts
from tests.support.http.receiver import closed_port, misbehaving
from tests.support.messages.certificate import self_signed
from tests.support.messages.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.support.messages.notifying import a_message, an_alert

ANN = Recipient("email", "ann@shop.example")
UNSUBSCRIBE = "https://stock.shop.example/unsubscribe?token=x"
SENDER = sender_of("Stock — Läden <stock@shop.example>")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secure(certificate: Path) -> Iterator[MailServer]:
    with mail_server(certificate, auth=True) as server:
        yield server


@pytest.fixture(scope="module")
def plain() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def channel(url: str, seconds: float = 10) -> EmailChannel:
    return EmailChannel(smtp_server(url), SENDER, Texts(), seconds)


def secure_url(server: MailServer, password: str = PASSWORD) -> str:
    return f"smtp://{USER}:{quote(password, safe='')}@localhost:{server.port}"


def body_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_message_arrives_over_starttls_and_auth(
    secure: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    message = a_message(an_alert(product_name="Blue mug ☕"), unsubscribe=UNSUBSCRIBE)
    sentence = channel(secure_url(secure)).send(ANN, message)
    mail = secure.received[-1]
    assert (secure.signed_in[-1], secure.encrypted[-1]) == (True, True)
    assert str(mail["Message-ID"]) in sentence
    assert (mail["To"], mail["From"]) == ("ann@shop.example", str(SENDER))
    assert mail["Subject"] == "Blue mug ☕ (P1) is low: 3 in stock, to reorder at 5"
    assert mail["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        assert "Blue mug ☕ (P1) is low: 3 in stock, to reorder at 5." in body_of(mail, kind)
        assert UNSUBSCRIBE in body_of(mail, kind)


def test_a_wrong_password_is_reported_without_it(
    secure: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    with pytest.raises(NotNow, match="refused the user name or the password") as error:
        channel(secure_url(secure, "s3cr3t")).send(ANN, a_message())
    assert "s3cr3t" not in str(error.value)


def test_a_server_with_an_unknown_certificate_gets_no_password(secure: MailServer) -> None:
    with pytest.raises(NotNow, match=r"^localhost has a certificate that is not trusted"):
        channel(secure_url(secure)).send(ANN, a_message())


def test_without_starttls_nothing_is_sent(plain: MailServer) -> None:
    before = len(plain.received)
    with pytest.raises(NotNow, match=r"does not offer what the settings ask for.*STARTTLS"):
        channel(f"smtp://127.0.0.1:{plain.port}").send(ANN, a_message())
    assert len(plain.received) == before


def test_tls_from_the_start(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    with mail_server(certificate, tls=True) as server:
        channel(f"smtps://localhost:{server.port}").send(ANN, a_message())
        assert server.received[-1]["To"] == "ann@shop.example"
        with pytest.raises(NotNow):
            channel(f"smtp://localhost:{server.port}", 1).send(ANN, a_message())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("450 4.2.0 Greylisted, see you in five minutes", NotNow),
        ("451 4.3.0 Try again later", NotNow),
        ("550 5.1.1 No such user here", RecipientGone),
        ("550 5.7.1 Relaying denied", NotNow),
    ],
)
def test_the_answer_to_the_recipient_decides(
    plain: MailServer, answer: str, kind: type[Exception]
) -> None:
    plain.recipient_answer = answer
    try:
        with pytest.raises(kind) as error:
            channel(f"smtp+plain://127.0.0.1:{plain.port}").send(ANN, a_message())
    finally:
        plain.recipient_answer = None
    assert str(error.value) == f"127.0.0.1 answered {answer}"


def test_an_answer_to_the_content_refuses_the_message(plain: MailServer) -> None:
    plain.data_answer = "554 5.6.0 This is spam"
    try:
        with pytest.raises(MessageRefused, match=r"554 5.6.0 This is spam"):
            channel(f"smtp+plain://127.0.0.1:{plain.port}").send(ANN, a_message())
    finally:
        plain.data_answer = None


def test_a_greylisted_message_is_sent_again_with_the_same_id(plain: MailServer) -> None:
    mail = channel(f"smtp+plain://127.0.0.1:{plain.port}")
    plain.recipient_answer = "450 4.2.0 Greylisted"
    with pytest.raises(NotNow):
        mail.send(ANN, a_message())
    plain.recipient_answer = None
    first, second = mail.send(ANN, a_message()), mail.send(ANN, a_message())
    assert first == second
    other = replace(ANN, address="bob@shop.example")
    assert mail.send(other, a_message()) != first


def test_a_product_name_cannot_add_headers_or_recipients(plain: MailServer) -> None:
    name = "Mug\r\nBcc: eve@shop.example\r\n\r\n<script>alert(1)</script>"
    message = a_message(an_alert(product_name=name), rule_name=name, rule_id="r1")
    channel(f"smtp+plain://127.0.0.1:{plain.port}").send(ANN, message)
    mail = plain.received[-1]
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("Mug Bcc: eve@shop.example <script>")
    assert "<script>" not in body_of(mail, "html")


def test_half_an_emoji_in_a_name_does_not_stop_the_message(plain: MailServer) -> None:
    channel(f"smtp+plain://127.0.0.1:{plain.port}").send(
        ANN, a_message(an_alert(product_name="Mug \ud83d"))
    )
    assert plain.received[-1]["Subject"].startswith("Mug")


def test_threads_send_at_the_same_time(plain: MailServer) -> None:
    mail = channel(f"smtp+plain://127.0.0.1:{plain.port}")
    before = len(plain.received)
    threads = [
        threading.Thread(target=mail.send, args=(ANN, a_message(an_alert(number))))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({mail["Message-ID"] for mail in plain.received[before:]}) == 8


def test_a_server_that_drips_is_cut_off_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)

    with misbehaving(drip) as url:
        port = url.split(":")[2].partition("/")[0]
        started = time.monotonic()
        with pytest.raises(NotNow):
            channel(f"smtp+plain://127.0.0.1:{port}", 0.5).send(ANN, a_message())
        assert time.monotonic() - started < 2


def test_a_server_that_is_down_is_reported() -> None:
    with pytest.raises(NotNow, match=r"^127.0.0.1 refused the connection$"):
        channel(f"smtp+plain://127.0.0.1:{closed_port()}").send(ANN, a_message())


def test_an_address_is_checked() -> None:
    mail = channel("smtps://mail.example")
    assert mail.checked(" Ann@Shop.Example ") == "Ann@shop.example"
    with pytest.raises(AddressRefused, match=r"^This is not an e-mail address such as"):
        mail.checked("ann")
