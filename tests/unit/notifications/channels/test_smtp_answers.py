"""A bounce disables the recipient; greylisting, policies and wrong settings are tried again."""

import smtplib
import ssl

import pytest

from app.notifications.channels.channel import MessageRefused, NotNow, RecipientGone
from app.notifications.channels.mail.smtp_answers import outcome


def _to_recipient(code: int, text: str) -> Exception:
    refused = smtplib.SMTPRecipientsRefused({"ann@shop.example": (code, text.encode())})
    return outcome(refused, "mail.shop.example")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 <ann@shop.example>: Recipient address rejected: User unknown"),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound"),
        (550, "5.1.2 no such domain"),
        (550, "5.2.1 mailbox disabled"),
        (550, "no such user"),
        (551, "User not local"),
        (553, "mailbox name not allowed"),
    ],
)
def test_a_bounce_disables_the_recipient(code: int, text: str) -> None:
    found = _to_recipient(code, text)
    assert isinstance(found, RecipientGone)
    assert str(found).startswith(f"mail.shop.example answered {code} ")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (450, "4.2.0 Greylisted, try again later"),
        (451, "4.7.1 Greylisting in action"),
        (452, "4.2.2 mailbox full"),
        (421, "too many connections"),
        (552, "5.2.2 mailbox full"),
        (550, "5.7.1 relaying denied"),
        (550, "5.1.5 reserved by no standard that we know"),
        (554, "5.7.1 rejected by policy"),
        (554, "transaction failed"),
    ],
)
def test_other_answers_about_a_recipient_are_tried_again(code: int, text: str) -> None:
    assert isinstance(_to_recipient(code, text), NotNow)


@pytest.mark.parametrize(
    ("code", "kind"), [(552, MessageRefused), (554, MessageRefused), (451, NotNow)]
)
def test_an_answer_to_the_content_refuses_the_message_only(
    code: int, kind: type[Exception]
) -> None:
    assert isinstance(outcome(smtplib.SMTPDataError(code, b"no"), "mail"), kind)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (smtplib.SMTPAuthenticationError(535, b"s3cr3t"), "refused the user name or the password"),
        (smtplib.SMTPSenderRefused(550, b"not you", "a@b.example"), "550 not you to the sender"),
        (smtplib.SMTPServerDisconnected("x"), "closed the connection"),
        (smtplib.SMTPNotSupportedError("it has no STARTTLS"), "it has no STARTTLS"),
        (smtplib.SMTPResponseException(454, b"TLS not available"), "answered 454"),
        (ssl.SSLError(1, "wrong version"), "failed in the TLS handshake"),
        (TimeoutError(), "did not answer in time"),
        (ConnectionRefusedError(111, "refused"), "refused the connection"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (ValueError("x"), "could not take the message: ValueError"),
    ],
)
def test_what_settings_and_networks_cause_is_tried_again(error: Exception, text: str) -> None:
    found = outcome(error, "mail")
    assert isinstance(found, NotNow)
    assert text in str(found)
    assert "s3cr3t" not in str(found)


def test_an_answer_is_shown_on_one_line_and_cut() -> None:
    text = str(_to_recipient(550, "5.1.1 unknown\r\n250 fake " + "x" * 1000))
    assert "\n" not in text
    assert len(text) < 260
