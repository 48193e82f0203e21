"""Who a request is from, and whether that still holds: pure, for requests and for open streams."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import Request

from app.core.roles import Role
from app.store.access.key_cache import KeySnapshot
from app.web.errors import Unauthenticated

LOCAL_ACTOR = "local"  # where nobody has to say who they are: whoever sits at this machine


@dataclass(frozen=True, slots=True)
class Identity:
    """Someone with a role, and by what they are known."""

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


def holds(identity: Identity, known: KeySnapshot, now: datetime) -> bool:
    """Whether the identity would be given again."""
    if identity.until is not None and now >= identity.until:
        return False
    if identity.by == "nothing":
        return not known.credentials_required
    if identity.by == "proxy":
        return True  # only the proxy knows, and the next request asks it
    key = known.keys.get(identity.key_id)
    return key is not None and key.usable(now) and identity.session not in known.ended_sessions


def identity_of(request: Request) -> Identity:
    """Who the gate found behind this request.

    Raises:
        Unauthenticated: it was not asked, and so lets nobody in.

    """
    identity: Identity | None = request.scope.get("state", {}).get("identity")
    if identity is None:
        raise Unauthenticated("This needs credentials.")
    return identity
