"""Every route declares its role; unsafe requests with a browser's own credentials need a token.

One dependency checks both, so that no route can forget the CSRF token. A test fails for a
route that declares no role.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, Request

from app.core.roles import Role
from app.web.auth.identity import Identity, identity_of
from app.web.errors import RoleNeeded, TokenNeeded

TOKEN_FIELD = "csrf_token"  # noqa: S105 - a field's name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - a header's name
MAX_FIELDS = 260  # of a form: an import's has one for each of 200 columns

_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


Check = Callable[[Request], Awaitable[None]]


class RoleRequirement:
    """Requires a role or a higher one; None allows everyone.

    Then it runs `checks` on the request. They are no dependencies of their own, because each of
    these costs about 20 µs a request.
    """

    def __init__(self, role: Role | None, checks: tuple[Check, ...] = ()) -> None:
        self.role = role
        self._checks = checks

    async def __call__(self, request: Request) -> None:
        """Check one request."""
        if self.role is None:
            return
        identity = identity_of(request)
        check_role(identity, self.role)
        if request.method not in _SAFE and identity.is_ambient:
            await _check_token(request, identity)
        for check in self._checks:
            await check(request)


def check_role(identity: Identity, role: Role) -> None:
    """Return if somebody has this role or a higher one.

    Raises:
        RoleNeeded: they have not.

    """
    if not identity.role.covers(role):
        raise RoleNeeded(
            f"This needs the role {role}, but {identity.actor} has the role {identity.role}.",
            extra={"role": identity.role, "role_needed": role},
        )


def needs(role: Role, *checks: Check) -> Any:
    """The dependency for a route that needs a role, then checks (for `dependencies=`)."""
    return Depends(RoleRequirement(role, checks))


# For the routes that are open to everyone.
PUBLIC: Any = Depends(RoleRequirement(None))


async def _check_token(request: Request, identity: Identity) -> None:
    token = request.headers.get(TOKEN_HEADER, "")
    if not token and request.headers.get("content-type", "").startswith(_FORMS):
        # The request caches the form, so the route can read it again.
        field = (await request.form(max_files=1, max_fields=MAX_FIELDS)).get(TOKEN_FIELD)
        token = field if isinstance(field, str) else ""
    if not request.app.state.services.access.authenticator.is_form_token(identity, token):
        raise TokenNeeded(
            "Reload the page and submit the form again. A program should send an API key instead "
            f"of a session, or the token as {TOKEN_HEADER}."
        )
