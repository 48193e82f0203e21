"""Every write is stamped with its actor and request id."""

from fastapi import Request

from app.store.products.model import Stamp
from app.web.auth.identity import identity_of
from app.web.middleware.request_guard import request_id_of


def actor_of(request: Request) -> str:
    """The actor of this request."""
    return identity_of(request).actor


def stamp_for(
    request: Request,
    *,
    reason: str | None = None,
    note: str | None = None,
    reference: str | None = None,
    reverses: str | None = None,
) -> Stamp:
    """The stamp of this request's write."""
    return Stamp(
        actor=actor_of(request),
        request_id=request_id_of(request.scope),
        reason=reason,
        note=note,
        reference=reference,
        reverses=reverses,
    )
