"""`/healthz` says that the process serves; `/readyz` names the part that keeps it from its work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.web.parameters import ServicesDep
from app.web.system.details import details_of

# A load balancer that asks each second must not have the tables read each second.
DETAILS_AGE = 5.0  # seconds

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer as long as the process does."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", responses={503: {"description": "A part is failing; `parts` says which."}})
async def readyz(services: ServicesDep) -> JSONResponse:
    """Answer 200 while every part works, else 503 with what is wrong by part.

    `details` tell what the System page shows; they never decide the status.
    """
    state = await services.system.look(DETAILS_AGE)
    parts = dict(state.live.parts)
    well = all(said == "ok" for said in parts.values())
    return JSONResponse(
        {"status": "ok" if well else "unavailable", "parts": parts, "details": details_of(state)},
        status_code=200 if well else 503,
        headers={} if well else {"Retry-After": "2"},
    )
