"""A request's credentials identify its sender.

Credentials are an API key, the session of a key, or a person whom a trusted proxy names. A key is
always checked, even if no credentials are required, so that a wrong key is reported. Until the
first key is created, everyone who can reach the server is `local`, unless a proxy is configured to
name people. The first key ends that within a second.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from app.core.roles import is_reserved
from app.store.access.api_key_secret import Secret
from app.store.access.key_cache import KeyCache, KeySnapshot
from app.store.access.key_row import ApiKey
from app.store.access.sign_in_links import SignInLinks
from app.web.auth.identity import LOCAL, Identity
from app.web.auth.sessions import Session, SessionCookie, Sessions
from app.web.auth.trusted_proxies import Person, TrustedProxies
from app.web.errors import RoleNeeded, Unauthenticated

_log = logging.getLogger(__name__)

_HOW = "Send an API key as `Authorization: Bearer sp_…`, or sign in at {base}/sign-in."


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Authenticator:
    """Identifies the sender of a request."""

    key_cache: KeyCache
    sign_in: SignInLinks
    sessions: Sessions
    proxies: TrustedProxies
    base: str = ""
    now: Callable[[], datetime] = _now

    async def known(self) -> KeySnapshot:
        """The keys, at most about a second old; the store is read outside the event loop.

        Raises:
            StoreUnavailable: the store has been unavailable for too long.

        """
        known = self.key_cache.fresh()
        return await run_in_threadpool(self.key_cache.current) if known is None else known

    async def identify(self, scope: Scope, known: KeySnapshot | None = None) -> Identity | None:
        """The request's identity; None if it has no credentials but needs them.

        Raises:
            Unauthenticated: the credentials are not valid.
            RoleNeeded: the proxy names a person without a role, or with one of our own names.
            StoreUnavailable: the keys cannot be read.

        """
        known = known or await self.known()
        headers = Headers(scope=scope)
        sent = headers.getlist("authorization")
        if len(sent) > 1:  # a proxy may have checked the other one
            raise self.unauthenticated("The request has more than one Authorization header.")
        scheme, _, credentials = (sent[0] if sent else "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_key(Secret(credentials.strip()), known, scope)
        if (person := scope["state"].get("person")) is not None:
            return _by_proxy(person)
        if (session := self.session(scope)) is not None and (
            identity := self._by_session(session, known)
        ):
            return identity
        if scheme and self.requires_credentials(known):
            raise self.unauthenticated(
                f"The Authorization scheme {scheme[:20]!r} is not supported."
            )
        return None if self.requires_credentials(known) else LOCAL

    def requires_credentials(self, known: KeySnapshot) -> bool:
        """Whether a request needs credentials."""
        return known.credentials_required or bool(self.proxies.user_header)

    def is_open(self) -> bool:
        """Whether no credentials are needed, as far as is known without reading the store."""
        known = self.key_cache.latest()
        return known is not None and not self.requires_credentials(known)

    def session(self, scope: Scope) -> Session | None:
        """The session of the request's cookie, if it has not expired."""
        cookie = self.session_cookie(scope).value(Headers(scope=scope))
        return self.sessions.read(cookie, self.now()) if cookie else None

    def session_cookie(self, scope: Scope) -> SessionCookie:
        """The name and flags of the session cookie for this request's scheme."""
        return SessionCookie(scope.get("scheme") == "https", self.base or "/")

    def form_token(self, identity: Identity) -> str:
        """A CSRF token for this identity's forms; empty if none is needed."""
        if not identity.is_ambient:
            return ""
        return self.sessions.form_token(_owner(identity))

    def is_form_token(self, identity: Identity, token: str) -> bool:
        """Whether one of our pages issued the token to this identity."""
        return self.sessions.is_form_token(_owner(identity), token)

    def unauthenticated(self, detail: str, *, refused: bool = False) -> Unauthenticated:
        """The error to raise: `detail`, and how to authenticate.

        `refused`: the request has a key, but the key is not valid.
        """
        return Unauthenticated(f"{detail} {_HOW.format(base=self.base)}", refused=refused)

    def identity_of(self, key: ApiKey, session: Session) -> Identity:
        """The identity of a session of this key."""
        ends = self.sessions.expires_at(session)
        until = ends if key.expires_at is None else min(ends, key.expires_at)
        return Identity(key.name, key.role, "session", key.id, session.id, until)

    def _by_key(self, secret: Secret, known: KeySnapshot, scope: Scope) -> Identity:
        key = known.key_of(secret, self.now())
        if key is None:
            # For the rate limiter, which counts it even if a handler catches the error below.
            scope["state"]["refused"] = True
            client = (scope.get("client") or ("an unknown address", 0))[0]
            _log.warning("rejected API key %s from %s", secret.key_id or "(no id)", client)
            raise self.unauthenticated("The key is unknown, revoked or expired.", refused=True)
        self.key_cache.note_use(key)
        return Identity(key.name, key.role, "key", key.id, until=key.expires_at)

    def _by_session(self, session: Session, known: KeySnapshot) -> Identity | None:
        key = known.keys.get(session.key_id)
        if key is None or not key.usable(self.now()) or session.id in known.ended_sessions:
            return None
        self.key_cache.note_use(key)
        return self.identity_of(key, session)


def _owner(identity: Identity) -> str:
    """The owner that a form token is bound to."""
    return identity.session or f"person {identity.actor}"


def _by_proxy(person: Person) -> Identity:
    if is_reserved(person.name):
        raise RoleNeeded(
            f"The proxy names {person.name!r}, but Stockpulse uses that name itself, so a change "
            "would not show who made it. Ask an administrator to give the account another name."
        )
    if person.role is None:
        raise RoleNeeded(
            f"The proxy names {person.name!r}, but none of their groups has a role. Ask an "
            "administrator to map a group to a role in STOCKPULSE_PROXY_ROLES."
        )
    return Identity(person.name, person.role, "proxy")
