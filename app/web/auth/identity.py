"""An identity is valid until its key, session or expiry ends; streams check it, too. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import Request

from app.core.roles import LOCAL_ACTOR, Role
from app.store.access.key_cache import KeySnapshot
from app.web.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Identity:
    """An actor with a role, and how they were authenticated."""

    actor: str
    role: Role
    by: Literal["nothing", "key", "session", "proxy"]
    key_id: str = ""
    session: str = ""
    until: datetime | None = None

    @property
    def is_ambient(self) -> bool:
        """Whether a browser sends the credentials by itself, so that forms need a token."""
        return self.by in {"session", "proxy"}


LOCAL = Identity(LOCAL_ACTOR, Role.ADMIN, "nothing")


def still_valid(identity: Identity, known: KeySnapshot, now: datetime) -> bool:
    """Whether the same credentials would be accepted now."""
    if identity.until is not None and now >= identity.until:
        return False
    if identity.by == "nothing":
        return not known.credentials_required
    if identity.by == "proxy":
        return True  # only the proxy can tell, with the next request
    key = known.keys.get(identity.key_id)
    return key is not None and key.usable(now) and identity.session not in known.ended_sessions


def identity_of(request: Request) -> Identity:
    """The identity that the authentication middleware found for this request.

    Raises:
        Unauthenticated: the request has none.

    """
    identity: Identity | None = request.scope.get("state", {}).get("identity")
    if identity is None:
        raise Unauthenticated("This request needs credentials.")
    return identity
