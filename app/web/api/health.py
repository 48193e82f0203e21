"""`/healthz`: the process responds. `/readyz`: every part of it works, or which one does not."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.errors import StockpulseError
from app.core.roles import Role
from app.web.auth.authenticator import Authenticator
from app.web.auth.identity import Identity
from app.web.auth.permissions import PUBLIC
from app.web.requests.parameters import ServicesDep
from app.web.system.readiness import details_of

# A load balancer that probes every second must not cause a read of the tables every second.
DETAILS_AGE = 5.0  # seconds

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[PUBLIC], response_description="The process responds.")
async def healthz() -> JSONResponse:
    """Check liveness.

    Returns 200 while the process responds.
    """
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    dependencies=[PUBLIC],
    response_description="Every part works.",
    responses={503: {"description": "A part does not work. With credentials, `parts` names it."}},
)
async def readyz(request: Request, services: ServicesDep) -> JSONResponse:
    """Check readiness.

    Returns 200 while every part works, otherwise 503. A request with credentials also gets the
    state of each part in `parts`, and in `details` what the System page shows; `details` do not
    affect the status.
    """
    parts = {name: probe() or "ok" for name, probe in services.probes.items()}
    is_ready = all(status == "ok" for status in parts.values())
    body: dict[str, Any] = {"status": "ok" if is_ready else "unavailable"}
    if (identity := await _identity(request)) is not None:
        state = await services.system.current(DETAILS_AGE)
        is_admin = identity.role.covers(Role.ADMIN)
        body |= {"parts": parts, "details": details_of(state, is_admin=is_admin)}
    return JSONResponse(
        body,
        status_code=200 if is_ready else 503,
        headers={} if is_ready else {"Retry-After": "2"},
    )


async def _identity(request: Request) -> Identity | None:
    """Who sent the request, if it has valid credentials; invalid ones are not an error here.

    Does not wait for the store: if it does not respond, the response must still be prompt.
    """
    authenticator: Authenticator = request.app.state.services.access.authenticator
    known = authenticator.key_cache.latest()
    try:
        return None if known is None else await authenticator.identify(request.scope, known)
    except StockpulseError:
        return None
