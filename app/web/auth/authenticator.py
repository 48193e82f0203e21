"""Credentials become an identity: a key, a session of one, or a person whom a proxy names.

A key that is sent is always looked at, even where nobody needs one: a wrong one is a
mistake to be told. Where no key was ever made, everyone who reaches the server is `local`,
unless a proxy is set up to name people. A key made later closes that within a second.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from app.store.access.api_key_secret import Secret
from app.store.access.api_keys import ApiKey
from app.store.access.key_cache import KeyCache, KeySnapshot
from app.store.access.sign_in_links import SignInLinks
from app.web.auth.identity import LOCAL, Identity
from app.web.auth.sessions import CookiePlace, Session, Sessions
from app.web.auth.trusted_proxies import Person, TrustedProxies
from app.web.errors import RoleNeeded, Unauthenticated

_log = logging.getLogger(__name__)

_HOW = "Send an API key as `Authorization: Bearer sp_…`, or sign in at {base}/sign-in."


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Authenticator:
    """All that it takes to say who a request is from."""

    key_cache: KeyCache
    sign_in: SignInLinks
    sessions: Sessions
    proxies: TrustedProxies
    base: str = ""
    now: Callable[[], datetime] = _now

    async def known(self) -> KeySnapshot:
        """The keys, as of a second ago; the store is asked off the event loop.

        Raises:
            StoreUnavailable: it has been away for too long.

        """
        known = self.key_cache.fresh()
        return await run_in_threadpool(self.key_cache.current) if known is None else known

    async def identify(self, scope: Scope, known: KeySnapshot | None = None) -> Identity | None:
        """Who this request is from; None where it does not say and would have to.

        Raises:
            Unauthenticated: it carries credentials, and they are not good.
            RoleNeeded: the proxy names a person whose groups have no role.
            StoreUnavailable: nobody can say at the moment.

        """
        known = known or await self.known()
        headers = Headers(scope=scope)
        shown = headers.getlist("authorization")
        if len(shown) > 1:  # a proxy may have looked at the other one
            raise self.unauthenticated("Authorization comes more than once.")
        scheme, _, word = "".join(shown).partition(" ")
        if scheme.lower() == "bearer":
            return self._by_key(Secret(word.strip()), known, scope)
        if (person := scope["state"].get("person")) is not None:
            return _by_proxy(person)
        if (session := self.session(scope)) is not None and (
            identity := self._by_session(session, known)
        ):
            return identity
        if scheme and self.asks(known):
            raise self.unauthenticated(f"The scheme {scheme[:20]!r} is not known here.")
        return None if self.asks(known) else LOCAL

    def asks(self, known: KeySnapshot) -> bool:
        """Whether credentials are needed."""
        return known.credentials_required or bool(self.proxies.user_header)

    def stands_open(self) -> bool:
        """Whether nobody is asked, as far as is known without waiting for the store."""
        known = self.key_cache.latest()
        return known is not None and not self.asks(known)

    def session(self, scope: Scope) -> Session | None:
        """The session that a request's cookie names, if time has not ended it."""
        cookie = self.place(scope).value(Headers(scope=scope))
        return self.sessions.read(cookie, self.now()) if cookie else None

    def place(self, scope: Scope) -> CookiePlace:
        """Where a cookie of this request's answer goes."""
        return CookiePlace(scope.get("scheme") == "https", self.base or "/")

    def form_token(self, identity: Identity) -> str:
        """A token for this identity's forms; empty where none is needed."""
        if not identity.is_ambient:
            return ""
        return self.sessions.form_token(_owner(identity))

    def is_form_token(self, identity: Identity, token: str) -> bool:
        """Whether a page of ours gave this identity the token."""
        return self.sessions.is_form_token(_owner(identity), token)

    def unauthenticated(self, detail: str, *, refused: bool = False) -> Unauthenticated:
        """The refusal, with what to do."""
        return Unauthenticated(f"{detail} {_HOW.format(base=self.base)}", refused=refused)

    def _by_key(self, secret: Secret, known: KeySnapshot, scope: Scope) -> Identity:
        key = known.key_of(secret, self.now())
        if key is None:
            scope["state"]["refused"] = True
            client = (scope.get("client") or ("nowhere", 0))[0]
            _log.warning("key %s was refused, from %s", secret.key_id or "without an id", client)
            raise self.unauthenticated("The key is unknown, revoked or expired.", refused=True)
        self.key_cache.note_use(key)
        return Identity(key.name, key.role, "key", key.id, until=key.expires_at)

    def _by_session(self, session: Session, known: KeySnapshot) -> Identity | None:
        key = known.keys.get(session.key_id)
        if key is None or not key.usable(self.now()) or session.id in known.ended_sessions:
            return None
        self.key_cache.note_use(key)
        return self.identity_of(key, session)

    def identity_of(self, key: ApiKey, session: Session) -> Identity:
        """Who a session of this key is."""
        ends = self.sessions.ends(session)
        until = ends if key.expires_at is None else min(ends, key.expires_at)
        return Identity(key.name, key.role, "session", key.id, session.id, until)


def _owner(identity: Identity) -> str:
    """Whom a form token is bound to."""
    return identity.session or f"person {identity.actor}"


def _by_proxy(person: Person) -> Identity:
    if person.role is None:
        raise RoleNeeded(
            f"The proxy knows {person.name!r}, but none of their groups has a role: "
            "STOCKPULSE_PROXY_ROLES gives one."
        )
    return Identity(person.name, person.role, "proxy")
