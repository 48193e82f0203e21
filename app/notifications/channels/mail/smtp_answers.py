"""What a mail server's answer means. Pure.

An answer of the server about one mailbox (5.1.x, 5.2.1, or 550 without a code) is a bounce. Other
refusals are mostly a matter of settings or policy (RFC 3463), so the message is tried again.
"""

import re
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from ssl import SSLCertVerificationError, SSLError

from app.notifications.channels.channel import MessageRefused, NotNow, RecipientGone
from app.notifications.texts.sentences import one_line

_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
# No such mailbox, no such domain, moved, disabled.
_BOUNCES = re.compile(r"5\.(1\.([0-46]|10)|2\.1)")
_BARE_BOUNCES = {550, 551, 553}
_SHOWN = 200  # characters of an answer


def outcome(error: Exception, server: str) -> Exception:
    """The channel's error for an error of smtplib or of the connection to `server`."""
    match error:
        case SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return _about_recipient(code, text, server)
        case SMTPDataError():
            reason = _answered(error.smtp_code, error.smtp_error, server)
            return MessageRefused(reason) if error.smtp_code >= 500 else NotNow(reason)
        case SMTPAuthenticationError():
            return NotNow(f"{server} refused the user name or the password ({error.smtp_code})")
        case SMTPSenderRefused():
            return NotNow(f"{_answered(error.smtp_code, error.smtp_error, server)} to the sender")
        case SMTPServerDisconnected() | SMTPHeloError() | SMTPConnectError():
            return NotNow(f"{server} closed the connection")
        case SMTPNotSupportedError():
            return NotNow(f"{server} does not offer what the settings ask for: {error}")
        case SMTPResponseException():
            return NotNow(_answered(error.smtp_code, error.smtp_error, server))
        case _:
            return _no_connection(error, server)


def _about_recipient(code: int, text: bytes | str, server: str) -> Exception:
    reason = _answered(code, text, server)
    if code < 500:  # greylisting, a full mailbox, too many messages
        return NotNow(reason)
    found = _ENHANCED.match(_text(text))
    bounced = (
        code in _BARE_BOUNCES if found is None else _BOUNCES.fullmatch(".".join(found.groups()))
    )
    return RecipientGone(reason) if bounced else NotNow(reason)


def _no_connection(error: Exception, server: str) -> Exception:
    match error:
        case SSLCertVerificationError():
            return NotNow(f"{server} has a certificate that is not trusted: {error.verify_message}")
        case SSLError():
            return NotNow(f"{server} failed in the TLS handshake: {_cause(error)}")
        case TimeoutError():
            return NotNow(f"{server} did not answer in time")
        case ConnectionRefusedError():
            return NotNow(f"{server} refused the connection")
        case OSError():
            return NotNow(f"{server} cannot be reached: {error.strerror or error}")
        case _:
            return NotNow(f"{server} could not take the message: {type(error).__name__}")


def _cause(error: SSLError) -> str:
    """The library's name for what went wrong; an error in a handshake that was cut has none."""
    return str(getattr(error, "reason", None) or error)


def _answered(code: int, text: bytes | str, server: str) -> str:
    return f"{server} answered {code} {one_line(_text(text), _SHOWN)}".rstrip()


def _text(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
