"""`/healthz` says that the process serves; `/readyz` names the part that keeps it from its work."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.errors import StockpulseError
from app.web.auth.authenticator import Authenticator
from app.web.auth.permissions import PUBLIC
from app.web.requests.parameters import ServicesDep
from app.web.system.readiness import details_of

# A load balancer that asks each second must not have the tables read each second.
DETAILS_AGE = 5.0  # seconds

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[PUBLIC])
async def healthz() -> JSONResponse:
    """Answer as long as the process does."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    dependencies=[PUBLIC],
    responses={503: {"description": "A part is failing; with credentials `parts` says which."}},
)
async def readyz(request: Request, services: ServicesDep) -> JSONResponse:
    """Answer 200 while every part works, else 503; who may see the pages is told of each part.

    `details` tell what the System page shows; they never decide the status.
    """
    parts = {name: probe() or "ok" for name, probe in services.probes.items()}
    well = all(said == "ok" for said in parts.values())
    answer: dict[str, Any] = {"status": "ok" if well else "unavailable"}
    if await _may_know(request):
        state = await services.system.look(DETAILS_AGE)
        answer |= {"parts": parts, "details": details_of(state)}
    return JSONResponse(
        answer,
        status_code=200 if well else 503,
        headers={} if well else {"Retry-After": "2"},
    )


async def _may_know(request: Request) -> bool:
    """Whether the details are for whoever asks; bad credentials are no fault here.

    And a store that is silent must not hold up the answer that says so.
    """
    authenticator: Authenticator = request.app.state.services.access.authenticator
    known = authenticator.key_cache.latest()
    try:
        return known is not None and await authenticator.identify(request.scope, known) is not None
    except StockpulseError:
        return False
