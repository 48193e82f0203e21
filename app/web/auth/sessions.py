"""A session is a signed cookie; the server stores only which sessions were signed out.

The cookie names a key and a session, never a secret. A session ends after an idle time, at
the latest after its lifetime, with its key, and at sign-out. Cookies are signed with
itsdangerous. Starlette's session middleware uses it, too, but sets its cookie with every
response, with the same flags for http and https, and has only one expiry.
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
from app.store.access.key_row import ApiKey

_SIGNING: Any = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
_TOUCHES = 10  # times per idle time that the cookie is renewed
_CLOCK_SKEW = timedelta(minutes=2)  # between replicas


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    id: str
    key_id: str
    began: datetime
    seen: datetime


class Sessions:
    """Starts sessions, reads and writes their cookies, and issues the CSRF tokens of forms."""

    def __init__(self, key: str, idle: timedelta, life: timedelta) -> None:
        self._cookies = URLSafeSerializer(key, salt="session", signer_kwargs=_SIGNING)
        self._tokens = Signer(key, salt="csrf", **_SIGNING)
        self._idle = idle
        self._life = life

    def begin(self, key: ApiKey, now: datetime) -> Session:
        """A new session, with an id of its own for each sign-in."""
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
        """The session of a cookie that has a valid signature and has not expired."""
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
        ended = now - session.seen >= self._idle or now >= self.expires_at(session)
        return None if early or ended else session

    def renewed(self, session: Session, now: datetime) -> Session | None:
        """The session as seen now, if its cookie should be renewed."""
        if now - session.seen < self._idle / _TOUCHES:
            return None
        return replace(session, seen=now)

    def expires_at(self, session: Session) -> datetime:
        """When the session's lifetime ends, however often it is used."""
        return session.began + self._life

    def form_token(self, owner: str) -> str:
        """A CSRF token, bound to its owner.

        Each token differs, so that the lengths of compressed pages reveal none (BREACH).
        """
        return self._signed_token(owner, new_token())

    def is_form_token(self, owner: str, token: str) -> bool:
        """Whether one of our pages issued the token to this owner."""
        nonce = token.partition(".")[0]
        return hmac.compare_digest(token.encode(), self._signed_token(owner, nonce).encode())

    def _signed_token(self, owner: str, nonce: str) -> str:
        return f"{nonce}.{self._tokens.get_signature(f'{nonce} {owner}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The session cookie's name and flags; with `secure`, browsers send it over TLS only."""

    secure: bool
    path: str

    @property
    def name(self) -> str:
        """The name, with a prefix whose rules browsers enforce (RFC 6265bis)."""
        name = "stockpulse_session"
        if not self.secure:
            return name
        return f"__Host-{name}" if self.path == "/" else f"__Secure-{name}"

    def header(self, value: str) -> str:
        """A `Set-Cookie` header; an empty value removes the cookie.

        It has no expiry of its own: the server decides when a session ends.
        """
        flags = ["HttpOnly", "SameSite=Strict", f"Path={self.path}"]
        if self.secure:
            flags.append("Secure")
        if not value:
            flags.append("Max-Age=0")
        return "; ".join([f"{self.name}={value}", *flags])

    def value(self, headers: Mapping[str, str]) -> str:
        """The value of the request's cookie; empty if it has none."""
        return cookie_parser(headers.get("cookie", "")).get(self.name, "")
