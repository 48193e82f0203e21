"""The link in an e-mail names one subscription, and is signed so that nobody can make others. Pure.

It works signed out and for as long as the audit key that signed it verifies. It can do one thing:
stop the messages of one rule to one recipient.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping

_TAG_BYTES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST = 300  # characters of a token


def token(keys: Mapping[str, bytes], rule_id: str, recipient_id: str) -> str:
    """The token of a subscription, signed with the first key, in characters of a URL's query."""
    key = next(iter(keys.values()))
    named = f"{rule_id}.{recipient_id}".encode()
    return _text(_tag(key, named) + named)


def subscription_of(keys: Mapping[str, bytes], text: str) -> tuple[str, str] | None:
    """(rule id, recipient id) of a token; None if no key signed it."""
    if len(text) > _LONGEST:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    tag, named = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not any(hmac.compare_digest(tag, _tag(key, named)) for key in keys.values()):
        return None
    rule_id, _, recipient_id = named.decode().rpartition(".")
    return (rule_id, recipient_id) if _ID.fullmatch(rule_id) else None


def unsubscribe_url(
    public_url: str | None, keys: Mapping[str, bytes], rule_id: str, recipient_id: str
) -> str | None:
    """The address of the page that unsubscribes; None without a public address of this server."""
    if public_url is None:
        return None
    return f"{public_url}/unsubscribe?token={token(keys, rule_id, recipient_id)}"


def _tag(key: bytes, named: bytes) -> bytes:
    return hmac.digest(key, b"unsubscribe\0" + named, "sha256")[:_TAG_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
