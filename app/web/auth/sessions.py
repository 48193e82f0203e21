"""A session is a signed cookie; the server keeps nothing of it but that it was signed out.

The cookie names a key and a session, never a secret. It ends some time after the last
request, at the latest some time after sign-in, with its key, and with sign-out. Signing is
itsdangerous': Starlette's own session middleware stands on it as well, but sets its cookie
at every answer, with flags that are the same for http and https, and knows no two ends.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer
from starlette.requests import cookie_parser

from app.store.access.api_key_secret import new_token
from app.store.access.api_keys import ApiKey

_SIGNING: Any = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
_TOUCHES = 10  # times within the idle time that the cookie is written anew
_CLOCK_SKEW = timedelta(minutes=2)  # between replicas


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    id: str
    key_id: str
    began: datetime
    seen: datetime


class Sessions:
    """Makes sessions, reads them from cookies, and makes the tokens that their forms carry."""

    def __init__(self, key: str, idle: timedelta, life: timedelta) -> None:
        self._cookies = URLSafeSerializer(key, salt="session", signer_kwargs=_SIGNING)
        self._tokens = Signer(key, salt="csrf", **_SIGNING)
        self._idle = idle
        self._life = life

    def begin(self, key: ApiKey, now: datetime) -> Session:
        """A session of its own for each sign-in."""
        return Session(new_token(), key.id, now, now)

    def write(self, session: Session) -> str:
        """The cookie's value."""
        return str(
            self._cookies.dumps(
                [
                    session.id,
                    session.key_id,
                    int(session.began.timestamp()),
                    int(session.seen.timestamp()),
                ]
            )
        )

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie that we wrote and that has not ended by time."""
        try:
            session_id, key_id, began, seen = self._cookies.loads(cookie)
            session = Session(
                str(session_id),
                str(key_id),
                datetime.fromtimestamp(began, UTC),
                datetime.fromtimestamp(seen, UTC),
            )
        except (BadData, ValueError, TypeError, OverflowError):
            return None
        early = session.seen - now > _CLOCK_SKEW
        ended = now - session.seen >= self._idle or now >= self.ends(session)
        return None if early or ended else session

    def touched(self, session: Session, now: datetime) -> Session | None:
        """The session as seen now, if its cookie is to be written anew."""
        if now - session.seen < self._idle / _TOUCHES:
            return None
        return replace(session, seen=now)

    def ends(self, session: Session) -> datetime:
        """When it ends, however much it is used."""
        return session.began + self._life

    def form_token(self, owner: str) -> str:
        """What a form carries to show that it is from a page of ours: bound to its owner.

        Each is another one, so the lengths of compressed pages give none away (BREACH).
        """
        return self._signed_token(owner, new_token())

    def is_form_token(self, owner: str, token: str) -> bool:
        """Whether a page of ours gave this owner the token."""
        nonce = token.partition(".")[0]
        return hmac.compare_digest(token.encode(), self._signed_token(owner, nonce).encode())

    def _signed_token(self, owner: str, nonce: str) -> str:
        return f"{nonce}.{self._tokens.get_signature(f'{nonce} {owner}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class CookiePlace:
    """Where a session's cookie goes: to this path, and behind TLS to no other channel."""

    secure: bool
    path: str

    @property
    def name(self) -> str:
        """A name that browsers hold to what it promises (RFC 6265bis, prefixes)."""
        name = "stockpulse_session"
        if not self.secure:
            return name
        return f"__Host-{name}" if self.path == "/" else f"__Secure-{name}"

    def header(self, value: str) -> str:
        """A `Set-Cookie` header; an empty value removes the cookie.

        A cookie of the browser's session: its end is the server's to say.
        """
        flags = ["HttpOnly", "SameSite=Strict", f"Path={self.path}"]
        if self.secure:
            flags.append("Secure")
        if not value:
            flags.append("Max-Age=0")
        return "; ".join([f"{self.name}={value}", *flags])

    def value(self, headers: Mapping[str, str]) -> str:
        """The cookie of a request; empty where it has none."""
        return cookie_parser(headers.get("cookie", "")).get(self.name, "")
